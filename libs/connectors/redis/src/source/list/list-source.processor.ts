import type { Resolved } from '@millrace/connector-contract';
import {
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import type { ChangeBatch } from '@millrace/formats';
import type { Redis } from 'ioredis';
import type { ConnectionOptions } from '../../config.ts';
import { serverError } from '../../errors.ts';
import { connect } from '../../server/connect.ts';
import { PiecesAhead } from '../pieces-ahead.ts';
import { keysOfInstance, pollMs, type SourceStage } from '../source-stage.ts';
import { TextRows } from '../text-rows.ts';
import { type ListPlace, markOf, readBehind, removedKey, removeHanded, START } from './list-place.ts';

const READ_ELEMENTS_MAX = 1_000;
const AHEAD_MAX = 4;

interface Piece {
  readonly key: string;
  readonly batch: ChangeBatch;
  readonly place: ListPlace;
}

/**
 * Reads lists from the left. Its position is how many elements it has handed on, part of the snapshot; with `remove`, elements are removed when a committed snapshot holds them, and the script that
 * does so counts them, so that positions hold and a removal that comes again does nothing.
 */
export class ListSource implements Processor {
  readonly #options: Resolved<ConnectionOptions, SourceStage>;
  readonly #rows: TextRows;
  readonly #restored = new Map<string, ListPlace>();
  readonly #handedOn = new Map<string, ListPlace>();
  /** Where reading is; ahead of what was handed on. */
  readonly #read = new Map<string, ListPlace>();
  readonly #closing = new AbortController();
  readonly #saved = new Map<number, ReadonlyMap<string, ListPlace>>();
  /** Entries of the present snapshot that the writer has taken. */
  readonly #offered = new Set<string>();
  #context!: ProcessorContext;
  #redis: Redis | undefined;
  #ahead!: PiecesAhead<Piece>;
  #reading: Promise<void> | undefined;
  #isAtEnd = false;

  constructor(options: Resolved<ConnectionOptions, SourceStage>) {
    this.#options = options;
    this.#rows = new TextRows(options.stage);
  }

  async init(context: ProcessorContext): Promise<void> {
    const { config, stage } = this.#options;
    this.#context = context;
    this.#ahead = new PiecesAhead(AHEAD_MAX, () => context.wake());
    this.#redis = await connect(config, { key: stage.keys[0] });
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored.set(entry.key, JSON.parse(new TextDecoder().decode(entry.value)) as ListPlace);
  }

  async restoreFinished(): Promise<void> {
    for (const key of keysOfInstance(this.#options.stage, this.#context)) {
      const place = this.#restored.get(key) ?? START;
      this.#handedOn.set(key, place);
      this.#read.set(key, place);
      // Before anything is removed: what was lost is noticed, and not counted as removed.
      await this.#behind(key, place, 1);
    }
    await this.#remove(this.#handedOn);
  }

  complete(): boolean {
    this.#reading ??= this.#readAll().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#context.fail(serverError(error, 'read lists'));
    });
    for (let piece = this.#ahead.first; piece !== undefined; piece = this.#ahead.first) {
      if (!this.#context.outbox.offer(piece.batch)) return false;
      this.#handedOn.set(piece.key, piece.place);
      this.#context.metrics.add('rowsRead', piece.batch.length);
      this.#ahead.shift();
    }
    return this.#isAtEnd;
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    const places = this.#saved.get(snapshotId) ?? new Map(this.#handedOn);
    this.#saved.set(snapshotId, places);
    for (const [key, place] of places) {
      if (this.#offered.has(key)) continue;
      const value = new TextEncoder().encode(JSON.stringify(place));
      if (!writer.offer({ partition: EVERY_INSTANCE, key, value })) return false;
      this.#offered.add(key);
    }
    this.#offered.clear();
    return true;
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    const places = this.#saved.get(snapshotId);
    for (const id of this.#saved.keys()) if (id <= snapshotId) this.#saved.delete(id);
    if (places !== undefined) await this.#remove(places);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the source is closed'));
    this.#redis?.disconnect();
    this.#ahead?.close();
    await this.#reading;
  }

  async #remove(places: ReadonlyMap<string, ListPlace>): Promise<void> {
    if (!this.#options.stage.remove) return;
    try {
      for (const [key, { handed }] of places)
        await removeHanded(this.#redis!, key, removedKey(this.#options.job, key), handed);
    } catch (error) {
      throw serverError(error, 'remove elements that were read');
    }
  }

  #behind(key: string, place: ListPlace, max: number): ReturnType<typeof readBehind> {
    return readBehind(this.#redis!, key, removedKey(this.#options.job, key), place, max).catch((error: unknown) => {
      throw serverError(error, `read ${key}`);
    });
  }

  async #readAll(): Promise<void> {
    const { stage } = this.#options;
    const left = stage.follow ? undefined : await this.#lengths();
    while (!this.#closing.signal.aborted) {
      let count = 0;
      for (const key of this.#read.keys()) count += await this.#readSome(key, left);
      if (count > 0) continue;
      if (!stage.follow || this.#read.size === 0) break;
      await this.#context.clock.sleep(pollMs(stage), this.#closing.signal);
    }
    this.#isAtEnd = !stage.follow;
    this.#context.wake();
  }

  /** Elements that are there to be read. */
  async #lengths(): Promise<Map<string, number>> {
    const lengths = new Map<string, number>();
    for (const [key, place] of this.#read) lengths.set(key, (await this.#behind(key, place, 1)).behind);
    return lengths;
  }

  async #readSome(key: string, left: Map<string, number> | undefined): Promise<number> {
    const place = this.#read.get(key)!;
    const max = Math.min(READ_ELEMENTS_MAX, left?.get(key) ?? READ_ELEMENTS_MAX);
    const { elements, behind } = max === 0 ? { elements: [], behind: 0 } : await this.#behind(key, place, max);
    this.#context.metrics.set(`elementsBehind ${key}`, behind);
    if (elements.length === 0) return 0;
    const nowMs = this.#context.clock.nowMs();
    const batch = this.#rows.batch(elements, nowMs, (index) => `element ${place.handed + index + 1} of list ${key}`);
    const next = { handed: place.handed + elements.length, mark: markOf(elements.at(-1)!) };
    this.#read.set(key, next);
    left?.set(key, left.get(key)! - elements.length);
    await this.#ahead.hold({ key, batch: { ...batch, stream: key }, place: next });
    return elements.length;
  }
}
