import type { Resolved } from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { isChangeBatch, type Position, type TableSchema } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import type { ConnectionOptions, StageOptions } from '../config.ts';
import { backlogLost } from '../errors.ts';
import { connect } from '../redis.ts';
import { Backlog, type Entry, isAfter, parsePosition, positionText, type StagedList } from './backlog.ts';
import { EntryMaker } from './entries.ts';

/** Characters of entries on their way; with more nothing is taken. They are part of every snapshot until Redis has them. */
export const PENDING_LENGTH_MAX = 1_048_576;
/** Sent at once: so much that a call is worth it, so little that Redis serves others in between. */
const ENTRIES_PER_CALL_MAX = 500;
const LENGTH_PER_CALL_MAX = 262_144;
/** Between two looks for room while the service is behind. */
const FULL_RETRY_MS_MIN = 5;
const FULL_RETRY_MS_MAX = 250;

/** An entry of the saved state. */
interface SavedEntry {
  readonly partition: number;
  readonly body: string;
  readonly position: string;
}

interface Saved {
  /** Up to where the service could see everything. */
  readonly position: string;
  readonly nextList: number;
  readonly lists: readonly StagedList[];
  readonly pending: readonly SavedEntry[];
}

type PreparedList = StagedList & { readonly snapshotId: number };

/**
 * Appends change events to the partitions of a subscription within a millisecond or two, exactly once: the script that appends also writes their position,
 * and what that covers is skipped after a restart. Events without a position of their own (rows of a running initial load, dead letters that come back)
 * are put aside, together with what follows them, and shown when the snapshot that covers them is committed. What Redis has not acknowledged
 * at a barrier is part of the snapshot, so that a service that is away holds up no snapshot.
 */
export class SubscriptionSink implements Processor {
  readonly #options: Resolved<ConnectionOptions, StageOptions>;
  #context!: ProcessorContext;
  #entries!: EntryMaker;
  #redis: Redis | undefined;
  #backlog!: Backlog;
  #pending: Entry[] = [];
  #pendingLength = 0;
  readonly #schemas = new Set<TableSchema>();
  /** Up to where Redis has everything, or has it put aside. */
  #position: Position | undefined;
  /** Up to where the service can see everything. */
  #shown: Position | undefined;
  #open: StagedList | undefined;
  #prepared: PreparedList[] = [];
  #nextList = 1;
  #restored: Saved | undefined;
  #sending: Promise<void> | undefined;
  /** Redis had no room when it was asked last. */
  #isFull = false;
  #isHeld = false;
  #hasFailed = false;
  #cancelRetry: () => void = () => {};
  #retryMs = FULL_RETRY_MS_MIN;

  constructor(options: Resolved<ConnectionOptions, StageOptions>) {
    this.#options = options;
  }

  async init(context: ProcessorContext): Promise<void> {
    assert(context.totalParallelism === 1, 'a subscription has one writer, so that its changes have an order');
    const { config, stage, job } = this.#options;
    this.#context = context;
    this.#entries = new EntryMaker(stage.operations, stage.partitions, context.guarantee === 'none');
    this.#redis = await connect(config);
    const { jobId } = job;
    const { generation } = context;
    const { partitions, backlog: max } = stage;
    this.#backlog = new Backlog(this.#redis, { jobId, generation, partitions, max });
    await this.#backlog.claim();
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored = JSON.parse(new TextDecoder().decode(entry.value)) as Saved;
  }

  /** Shows what the snapshot had put aside, removes what is newer, and sends what was on its way. */
  async restoreFinished(): Promise<void> {
    const saved = this.#restored;
    this.#restored = undefined;
    for (const list of saved?.lists ?? []) await this.#backlog.move(list);
    await this.#backlog.sweep([]);
    this.#position = await this.#backlog.position();
    this.#shown = this.#position;
    if (saved === undefined) return;
    const known = saved.position === '' ? undefined : parsePosition(saved.position);
    if (known !== undefined && isAfter(known, this.#position))
      throw backlogLost(
        `Redis has changes up to ${this.#position && positionText(this.#position)}, and had acknowledged those up to ${saved.position}`,
      );
    this.#nextList = saved.nextList;
    for (const { position, ...entry } of saved.pending)
      this.#take({ ...entry, position: position === '' ? undefined : parsePosition(position) });
    this.#send();
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'a subscription takes change batches');
    if (this.#hasFailed || this.#pendingLength >= PENDING_LENGTH_MAX) return false;
    for (const schema of batch.schemas) this.#schemas.add(schema);
    for (let index = 0; index < batch.length; index++) {
      const entry = this.#entries.of(batch, index);
      if (entry !== undefined) this.#take(entry);
    }
    this.#context.metrics.add('rowsWritten', batch.length);
    this.#send();
    return true;
  }

  /** Everything is at Redis, or Redis has no room: then what is left is saved. */
  snapshotPrepare(snapshotId: number): boolean {
    if (this.#sending !== undefined || this.#hasFailed) return false;
    if (this.#pending.length > 0 && !this.#isFull) {
      this.#send();
      return false;
    }
    this.#isHeld = true;
    if (this.#open !== undefined) this.#prepared.push({ ...this.#open, snapshotId });
    this.#open = undefined;
    return true;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const saved: Saved = {
      position: this.#shown === undefined ? '' : positionText(this.#shown),
      nextList: this.#nextList,
      lists: this.#prepared.map(({ number, generation, length, position }) => ({
        number,
        generation,
        length,
        position,
      })),
      pending: this.#pending.map(({ partition, body, position }) => ({
        partition,
        body,
        position: position === undefined ? '' : positionText(position),
      })),
    };
    const value = new TextEncoder().encode(JSON.stringify(saved));
    if (!writer.offer({ partition: EVERY_INSTANCE, key: 'subscription', value })) return false;
    this.#isHeld = false;
    this.#send();
    return true;
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    for (const list of this.#prepared.filter((each) => each.snapshotId <= snapshotId)) {
      await this.#backlog.move(list);
      if (list.position !== '') this.#shown = parsePosition(list.position);
      this.#prepared = this.#prepared.filter((each) => each !== list);
    }
    this.#send();
  }

  complete(): boolean {
    return !this.#hasFailed && this.#pending.length === 0 && this.#sending === undefined;
  }

  async close(): Promise<void> {
    this.#isHeld = true;
    this.#hasFailed = true;
    this.#cancelRetry();
    this.#redis?.disconnect();
    await this.#sending;
  }

  #take(entry: Entry): void {
    if (entry.position !== undefined && !isAfter(entry.position, this.#position)) return;
    this.#pending.push(entry);
    this.#pendingLength += entry.body.length;
    this.#context.metrics.set('pendingLength', this.#pendingLength);
  }

  #send(): void {
    if (this.#sending !== undefined || this.#isHeld || this.#hasFailed || this.#pending.length === 0) return;
    this.#cancelRetry();
    this.#sending = this.#sendAll()
      .catch((error: unknown) => {
        if (this.#hasFailed) return;
        this.#hasFailed = true;
        this.#context.fail(error);
      })
      .then(() => {
        this.#sending = undefined;
        this.#context.wake();
      });
  }

  async #sendAll(): Promise<void> {
    while (!this.#isHeld && !this.#hasFailed && this.#pending.length > 0) {
      await this.#backlog.keepSchemas(this.#schemas);
      this.#schemas.clear();
      // Behind what waits for a snapshot everything does, or a key's changes would overtake each other.
      const isStaging =
        this.#open !== undefined || this.#prepared.length > 0 || !this.#entries.isSkippable(this.#pending[0]!);
      const count = this.#countOf(isStaging);
      const entries = this.#pending.slice(0, count);
      if (!(await (isStaging ? this.#stage(entries) : this.#backlog.append(entries)))) {
        this.#lookAgainLater();
        return;
      }
      this.#isFull = false;
      this.#retryMs = FULL_RETRY_MS_MIN;
      const wasFull = this.#pendingLength >= PENDING_LENGTH_MAX;
      this.#pending.splice(0, count);
      this.#pendingLength -= entries.reduce((sum, { body }) => sum + body.length, 0);
      this.#position = entries.findLast(({ position }) => position !== undefined)?.position ?? this.#position;
      if (!isStaging) this.#shown = this.#position;
      if (wasFull && this.#pendingLength < PENDING_LENGTH_MAX) this.#context.wake();
    }
  }

  /** How many of the first entries go together. */
  #countOf(isStaging: boolean): number {
    const countMax = Math.min(ENTRIES_PER_CALL_MAX, this.#options.stage.backlog);
    let length = 0;
    let count = 0;
    for (const entry of this.#pending) {
      if (!isStaging && !this.#entries.isSkippable(entry)) break;
      length += entry.body.length;
      if (count > 0 && (count >= countMax || length > LENGTH_PER_CALL_MAX)) break;
      count += 1;
    }
    return count;
  }

  async #stage(entries: readonly Entry[]): Promise<boolean> {
    const { generation } = this.#context;
    const open = this.#open ?? { number: this.#nextList, generation, length: 0, position: '' };
    if (!(await this.#backlog.stage(open, entries))) return false;
    this.#nextList = open.number + 1;
    const newest = entries.findLast(({ position }) => position !== undefined)?.position;
    this.#open = {
      ...open,
      length: open.length + entries.length,
      position: newest === undefined ? open.position : positionText(newest),
    };
    return true;
  }

  #lookAgainLater(): void {
    this.#isFull = true;
    this.#context.metrics.add('waitsForService', 1);
    this.#cancelRetry = this.#context.clock.timer(this.#retryMs, () => this.#send());
    this.#retryMs = Math.min(2 * this.#retryMs, FULL_RETRY_MS_MAX);
  }
}
