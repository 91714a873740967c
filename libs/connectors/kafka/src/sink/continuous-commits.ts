import type { ProcessorContext } from '@millrace/engine';
import { type ChangeBatch, formatLsn, type Lsn } from '@millrace/formats';
import { NO_HEADERS } from '../protocol/record-batch.ts';
import {
  encodeProgress,
  type FoundProgress,
  leftOutKey,
  PROGRESS_KEY,
  type SavedProgress,
} from '../transaction/progress-topic.ts';
import type { Writer } from '../transaction/writer.ts';
import { LeftOut, type Reason } from './left-out.ts';
import type { OpenBatches } from './open-batches.ts';
import { SourceProgress } from './source-progress.ts';

export interface ContinuousOptions {
  readonly writer: Writer;
  readonly open: OpenBatches;
  /** Topic of the position. */
  readonly topic: string;
  /** What it holds. */
  readonly found: FoundProgress;
  /** What the restored snapshot says of events that are to come again. */
  readonly savedLeftOut: readonly string[];
  /** `undefined`: no longer continuous; what was written then is skipped still. */
  readonly intervalMs: number | undefined;
  readonly context: Pick<ProcessorContext, 'clock' | 'fail'>;
}

/**
 * Commits what is written every few milliseconds, with the position of the source in the same transaction: after a restart, what that covers is skipped. Commits only
 * where no source transaction is open. Events of loading tables have no position by which they could be skipped: a transaction that holds some, and what follows
 * it, waits for the next snapshot and is part of that.
 */
export class ContinuousCommits {
  readonly #options: ContinuousOptions;
  readonly #progress: SourceProgress;
  readonly #leftOut: LeftOut;
  /** Of the newest record in the topic, or where to look for the first. */
  #offset: bigint;
  /** The newest position that was written to the topic. */
  #recorded: Lsn | undefined;
  #isDirty = false;
  #committing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #isHeld = false;

  constructor(options: ContinuousOptions) {
    this.#options = options;
    this.#progress = new SourceProgress(options.found.position);
    this.#leftOut = new LeftOut(options.found.leftOut, options.savedLeftOut);
    this.#offset = options.found.offset;
    this.#recorded = options.found.position;
    options.open.open(options.topic, 1);
  }

  /** Batches are sent by the next commit: smaller ones would only queue up behind it. */
  get isSealing(): boolean {
    return this.#options.intervalMs !== undefined && !this.#progress.hasLoading && !this.#isHeld;
  }

  /** Whether an event is to be written. Until `wrote` nothing is committed. */
  takes(batch: ChangeBatch, index: number): boolean {
    if (this.#progress.isKnown(batch, index)) return false;
    this.#isDirty = true;
    this.#progress.isAtBoundary = false;
    return true;
  }

  /** Why an event that comes again was set aside before: it has to be again. Asked once. */
  setAsideBefore(batch: ChangeBatch, index: number): Reason | undefined {
    return this.#leftOut.takeReason(batch, index);
  }

  /** An event is set aside: what is written next says so, for after a crash. */
  setAside(batch: ChangeBatch, index: number, reason: Reason): void {
    if (this.#options.intervalMs === undefined) return;
    this.#leftOut.add(batch, index, reason);
    this.#isDirty = true;
    this.#progress.isAtBoundary = false;
  }

  /** All events of the batch are written. @throws MillraceError `kafka.not_linear` */
  wrote(batch: ChangeBatch): void {
    this.#progress.wrote(batch);
    this.#schedule();
  }

  /** Everything before the barrier is committed; or prepared, when it can't be committed without the snapshot. */
  async prepare(snapshotId: number): Promise<void> {
    this.#isHeld = true;
    await this.#committing;
    if (this.#options.intervalMs !== undefined) this.#seal();
    else this.#options.open.sealAll();
    if (this.#options.intervalMs === undefined || this.#progress.hasLoading) {
      await this.#options.writer.prepare();
    } else {
      await this.#commit();
      await this.#options.writer.ended;
      this.#isHeld = false;
    }
    this.#progress.restart();
    this.#leftOut.barrier(snapshotId);
  }

  /** The snapshot is committed: what was written since need not wait for it any more. */
  released(snapshotId: number): void {
    this.#leftOut.committed(snapshotId);
    this.#isHeld = false;
    this.#schedule();
  }

  /** For the snapshot whose barrier is here. */
  saved(): SavedProgress {
    const recorded = this.#recorded;
    const position = recorded === undefined ? undefined : formatLsn(recorded);
    return { offset: String(this.#offset), position, leftOut: this.#leftOut.expected };
  }

  close(): void {
    this.#cancelTimer?.();
    this.#isHeld = true;
  }

  #schedule(): void {
    const { intervalMs, context } = this.#options;
    if (intervalMs === undefined || this.#cancelTimer !== undefined || !this.#isReady) return;
    const waitMs = this.#lastMs + intervalMs - context.clock.monotonicMs();
    if (waitMs <= 0) this.#start();
    else
      this.#cancelTimer = context.clock.timer(waitMs, () => {
        this.#cancelTimer = undefined;
        if (this.#isReady) this.#start();
      });
  }

  get #isReady(): boolean {
    const { isAtBoundary, hasLoading } = this.#progress;
    return this.#isDirty && isAtBoundary && !hasLoading && !this.#isHeld && this.#committing === undefined;
  }

  #start(): void {
    this.#lastMs = this.#options.context.clock.monotonicMs();
    this.#seal();
    this.#committing = this.#commit()
      .catch((error: unknown) => {
        this.#isHeld = true;
        this.#options.context.fail(error);
      })
      .then(() => {
        this.#committing = undefined;
        this.#schedule();
      });
  }

  /** Ends the transaction's content with the position. */
  #seal(): void {
    const { open, topic, context } = this.#options;
    const { position } = this.#progress;
    if (this.#isDirty && position !== undefined) {
      this.#recorded = position;
      const timeMs = context.clock.nowMs();
      const add = (key: Uint8Array, value: Uint8Array): void =>
        open.add(topic, { timeMs, placedBy: key, key, value, headers: NO_HEADERS });
      for (const [slot, text] of this.#leftOut.takeUnwritten()) add(leftOutKey(slot), Buffer.from(text));
      add(PROGRESS_KEY, encodeProgress(position));
    }
    this.#isDirty = false;
    open.sealAll();
  }

  async #commit(): Promise<void> {
    const handle = await this.#options.writer.commitBehind();
    const written = handle?.partitions.find(({ topic }) => topic === this.#options.topic);
    if (written !== undefined) this.#offset = BigInt(written.offset);
  }
}
