import type { ProcessorMetrics } from '@millrace/engine';
import type { Redis } from 'ioredis';
import type { StreamPlace } from './stream-place.ts';

/**
 * Tells a consumer group how far committed snapshots are, for tools that show its lag. Nothing is ever read from there; what goes wrong is counted and never
 * fails the job.
 */
export class GroupPlaces {
  readonly #redis: Redis;
  readonly #group: string;
  readonly #metrics: ProcessorMetrics;
  readonly #saved = new Map<number, ReadonlyMap<string, StreamPlace>>();

  constructor(redis: Redis, group: string, metrics: ProcessorMetrics) {
    this.#redis = redis;
    this.#group = group;
    this.#metrics = metrics;
  }

  saved(snapshotId: number, places: ReadonlyMap<string, StreamPlace>): void {
    this.#saved.set(snapshotId, places);
  }

  committed(snapshotId: number): void {
    const places = this.#saved.get(snapshotId) ?? new Map<string, StreamPlace>();
    for (const id of this.#saved.keys()) if (id <= snapshotId) this.#saved.delete(id);
    for (const [stream, place] of places) {
      this.#tell(stream, place).catch(() => this.#metrics.add('groupCommitsFailed', 1));
    }
  }

  async #tell(stream: string, { id, number }: StreamPlace): Promise<void> {
    // A stream that is not there yet has no group; an empty one is not made for that.
    if (number === 0) return;
    const make = this.#redis.call('XGROUP', 'CREATE', stream, this.#group, id);
    const move = this.#redis.call('XGROUP', 'SETID', stream, this.#group, id, 'ENTRIESREAD', number);
    await make.catch((error: unknown) => {
      if (!String(error).includes('BUSYGROUP')) throw error;
    });
    await move;
  }
}
