import { setTimeout as delay } from 'node:timers/promises';
import type { Processor, SnapshotEntry } from '@millrace/engine';
import { type ChangeBatch, changeEvents, type Row } from '@millrace/formats';
import { systemClock, ulids } from '@millrace/kernel';
import type { S3Config } from '../config.ts';
import { s3Source } from '../source/s3-source.ts';
import { JOB } from './drive.ts';

/** Runs a source as the engine would. */
export class DrivenSource {
  readonly rows: Row[] = [];
  failure: unknown;
  readonly #source: Processor;
  #batches = 0;

  private constructor(source: Processor) {
    this.#source = source;
  }

  /** @param more `limit`: batches after which the outbox takes no more */
  static async start(
    config: S3Config,
    stage: Record<string, unknown>,
    more: { readonly restored?: readonly SnapshotEntry[] | undefined; readonly limit?: number } = {},
  ): Promise<DrivenSource> {
    const options = {
      config,
      stage: s3Source.stage.parse({
        objects: '**',
        table: 'public.t',
        columns: { id: 'integer', note: 'text' },
        key: ['id'],
        follow: false,
        ...stage,
      }),
      job: JOB,
    };
    const supplier = s3Source.createSource({ ...options, sinksShowRowsAtOnce: false });
    const source = supplier({ globalIndex: 0, totalParallelism: 1 });
    const driven = new DrivenSource(source);
    const offer = (batch: unknown): boolean => {
      if (driven.#batches >= (more.limit ?? Number.POSITIVE_INFINITY)) return false;
      driven.#batches += 1;
      driven.rows.push(...changeEvents(batch as ChangeBatch).map(({ after }) => after!));
      return true;
    };
    await source.init?.({
      ...JOB,
      generation: 1,
      vertex: JOB.stage,
      globalIndex: 0,
      totalParallelism: 1,
      guarantee: 'exactly-once',
      restoredSnapshotId: more.restored === undefined ? undefined : 1,
      outbox: { edgeCount: 1, offer, offerTo: (_, batch) => offer(batch) },
      clock: systemClock,
      ids: ulids,
      metrics: { add() {}, set() {} },
      signal: new AbortController().signal,
      wake() {},
      fail(error) {
        driven.failure ??= error;
      },
    });
    for (const entry of more.restored ?? []) source.restoreSnapshot?.(entry);
    await source.restoreFinished?.();
    return driven;
  }

  get ids(): number[] {
    return this.rows.map((row) => row['id'] as number);
  }

  /** Until the source ends, or `enough`. */
  async run(enough: () => boolean = () => false): Promise<this> {
    while (this.failure === undefined && !this.#source.complete!() && !enough()) await delay(2);
    if (this.failure !== undefined) {
      await this.close();
      throw this.failure;
    }
    return this;
  }

  save(): SnapshotEntry[] {
    const entries: SnapshotEntry[] = [];
    this.#source.saveSnapshot!(1, { offer: (entry) => entries.push(structuredClone(entry)) > 0 });
    return entries;
  }

  async close(): Promise<void> {
    await this.#source.close?.();
  }
}

/**
 * Stops a source after a batch more each time and goes on from what it saved, until it has `count` rows or ends.
 * @returns the rows of each run
 */
export async function runInPieces(config: S3Config, stage: Record<string, unknown>, count: number): Promise<Row[][]> {
  const runs: Row[][] = [];
  let restored: SnapshotEntry[] | undefined;
  for (let left = count; left > 0; ) {
    const source = await DrivenSource.start(config, stage, { limit: 3 + runs.length, restored });
    let taken = -1;
    let idle = 0;
    // Stopped once the outbox has refused for a while, with pieces read ahead.
    await source.run(() => {
      idle = source.rows.length === taken ? idle + 1 : 0;
      taken = source.rows.length;
      return idle > 30 && taken > 0;
    });
    restored = source.save();
    runs.push(source.rows);
    left = source.rows.length === 0 ? 0 : left - source.rows.length;
    await source.close();
  }
  return runs;
}
