import type { ProcessorContext } from '@millrace/engine';
import { type ChangeBatch, formatLsn, type Lsn } from '@millrace/formats';
import { NO_HEADERS } from '../protocol/record-batch.ts';
import { encodeProgress, type FoundProgress, PROGRESS_KEY, type SavedProgress } from '../transaction/progress-topic.ts';
import type { Writer } from '../transaction/writer.ts';
import type { OpenBatches } from './open-batches.ts';
import { SourceProgress } from './source-progress.ts';

export interface ContinuousOptions {
  readonly writer: Writer;
  readonly open: OpenBatches;
  /** Topic of the position. */
  readonly topic: string;
  /** What it holds. */
  readonly found: FoundProgress;
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

  /** All events of the batch are written. @throws MillraceError `kafka.not_linear` */
  wrote(batch: ChangeBatch): void {
    this.#progress.wrote(batch);
    this.#schedule();
  }

  /** Everything before the barrier is committed; or prepared, when it can't be committed without the snapshot. */
  async prepare(): Promise<void> {
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
  }

  /** The snapshot is committed: what was written since need not wait for it any more. */
  released(): void {
    this.#isHeld = false;
    this.#schedule();
  }

  /** For the snapshot whose barrier is here. */
  saved(): SavedProgress {
    const recorded = this.#recorded;
    return { offset: String(this.#offset), position: recorded === undefined ? undefined : formatLsn(recorded) };
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
      const value = encodeProgress(position);
      const timeMs = context.clock.nowMs();
      open.add(topic, { timeMs, placedBy: PROGRESS_KEY, key: PROGRESS_KEY, value, headers: NO_HEADERS });
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
