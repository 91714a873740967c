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
import { keysOfInstance, type SourceStage } from '../source-stage.ts';
import { type Entry, EntryRows } from './entry-rows.ts';
import { GroupPlaces } from './group-places.ts';
import { BEGINNING, checkHistory, isIdAfter, type StreamPlace, streamFacts } from './stream-place.ts';

const READ_ENTRIES_MAX = 1_000;
/** Batches read ahead of what the outbox takes; more wait in the streams. */
const AHEAD_MAX = 4;
/** How long the server holds a look for new entries back. */
const WAIT_MS = 1_000;

/** Read ahead, and where that leaves its stream. */
interface Piece {
  readonly stream: string;
  readonly batch: ChangeBatch;
  readonly place: StreamPlace;
}

/**
 * Reads streams in order. Its position in each is the id of the last entry that was handed on, part of the snapshot; no consumer group takes part, so no other
 * member of one can move a position. Streams are spread over the instances.
 */
export class StreamSource implements Processor {
  readonly #options: Resolved<ConnectionOptions, SourceStage>;
  readonly #rows: EntryRows;
  /** Of all streams, those of other instances too. */
  readonly #restored = new Map<string, StreamPlace>();
  readonly #handedOn = new Map<string, StreamPlace>();
  /** Where reading is; ahead of what was handed on. */
  readonly #read = new Map<string, StreamPlace>();
  /** Without `follow`: the last entries there were at the start. */
  readonly #ends = new Map<string, string>();
  readonly #saved = new Set<string>();
  #context!: ProcessorContext;
  #redis: Redis | undefined;
  #ahead!: PiecesAhead<Piece>;
  #group: GroupPlaces | undefined;
  #reading: Promise<void> | undefined;
  #isAtEnd = false;
  #isClosed = false;

  constructor(options: Resolved<ConnectionOptions, SourceStage>) {
    this.#options = options;
    this.#rows = new EntryRows(options.stage);
  }

  async init(context: ProcessorContext): Promise<void> {
    const { config, stage } = this.#options;
    this.#context = context;
    this.#ahead = new PiecesAhead(AHEAD_MAX, () => context.wake());
    this.#redis = await connect(config, { key: stage.keys[0], blocks: true });
    if (stage.group !== undefined) this.#group = new GroupPlaces(this.#redis, stage.group, context.metrics);
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored.set(entry.key, JSON.parse(new TextDecoder().decode(entry.value)) as StreamPlace);
  }

  /** Where it begins is known, and part of the first snapshot, before anything is read. */
  async restoreFinished(): Promise<void> {
    const { from, follow } = this.#options.stage;
    const { restoredSnapshotId } = this.#context;
    for (const stream of keysOfInstance(this.#options.stage, this.#context)) {
      const facts = streamFacts(await this.#redis!.xinfo('STREAM', stream).catch((error: unknown) => error));
      // A stream that a restored job does not know came after it had begun.
      const isLatest = restoredSnapshotId === undefined && from === 'latest';
      const { lastId, added, length, deletedId } = facts;
      const first = isLatest
        ? { id: lastId, number: added, deletedId }
        : { id: BEGINNING, number: added - length, deletedId };
      const place = this.#restored.get(stream) ?? first;
      if (place !== first) checkHistory(stream, place, facts);
      this.#handedOn.set(stream, place);
      this.#read.set(stream, place);
      if (!follow) this.#ends.set(stream, facts.lastId);
    }
    this.#restored.clear();
  }

  complete(): boolean {
    this.#reading ??= this.#readAll().catch((error: unknown) => {
      if (!this.#isClosed) this.#context.fail(serverError(error, 'read streams'));
    });
    for (let piece = this.#ahead.first; piece !== undefined; piece = this.#ahead.first) {
      if (!this.#context.outbox.offer(piece.batch)) return false;
      this.#handedOn.set(piece.stream, piece.place);
      this.#context.metrics.add('rowsRead', piece.batch.length);
      this.#ahead.shift();
    }
    return this.#isAtEnd;
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    const encoder = new TextEncoder();
    for (const [key, place] of this.#handedOn) {
      if (this.#saved.has(key)) continue;
      const value = encoder.encode(JSON.stringify(place));
      if (!writer.offer({ partition: EVERY_INSTANCE, key, value })) return false;
      this.#saved.add(key);
    }
    this.#saved.clear();
    this.#group?.saved(snapshotId, new Map(this.#handedOn));
    return true;
  }

  snapshotCommit(snapshotId: number): void {
    this.#group?.committed(snapshotId);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#redis?.disconnect();
    this.#ahead?.close();
    await this.#reading;
  }

  async #readAll(): Promise<void> {
    while (!this.#isClosed) {
      let count = 0;
      for (const stream of this.#read.keys()) count += await this.#readSome(stream);
      if (count > 0) continue;
      if (!this.#options.stage.follow || this.#read.size === 0) break;
      await this.#waitForMore();
    }
    this.#isAtEnd = !this.#options.stage.follow;
    this.#context.wake();
  }

  /** Entries, and in the same step whether any before them is gone. @returns how many */
  async #readSome(stream: string): Promise<number> {
    const place = this.#read.get(stream)!;
    const transaction = this.#redis!.multi().call('XINFO', 'STREAM', stream);
    const answers = await transaction.xread('COUNT', READ_ENTRIES_MAX, 'STREAMS', stream, place.id).exec();
    const [[missing, info], [failed, found]] = answers as [[Error | null, unknown], [Error | null, unknown]];
    if (failed !== null) throw failed;
    const facts = streamFacts(missing ?? info);
    checkHistory(stream, place, facts);
    this.#context.metrics.set(`entriesBehind ${stream}`, facts.added - place.number);
    const end = this.#ends.get(stream);
    const all = (found as [string, Entry[]][] | null)?.[0]?.[1] ?? [];
    const entries = end === undefined ? all : all.filter(([id]) => !isIdAfter(id, end));
    if (entries.length === 0) return 0;
    const next = { ...place, id: entries.at(-1)![0], number: place.number + entries.length };
    this.#read.set(stream, next);
    await this.#ahead.hold({
      stream,
      batch: this.#rows.batch(stream, entries, this.#context.clock.nowMs()),
      place: next,
    });
    return entries.length;
  }

  /** Only says that there is something: what it is, is read with the look at what is gone. */
  async #waitForMore(): Promise<void> {
    const streams = [...this.#read.keys()];
    const ids = streams.map((stream) => this.#read.get(stream)!.id);
    await this.#redis!.xread('COUNT', 1, 'BLOCK', WAIT_MS, 'STREAMS', ...streams, ...ids);
  }
}
