import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { assert, MillraceError } from '@millrace/kernel';
import type { Progress, TargetSession } from '../dialect.ts';
import { ProgressLost, SnapshotBehind } from '../errors.ts';
import { changeBatch } from '../upsert/change-batch.ts';
import { PendingEvents, type Work } from '../upsert/pending-events.ts';
import { pauseBetween } from '../upsert/retry-pause.ts';
import type { UpsertOptions } from '../upsert/upsert.processor.ts';
import { AppendWriter, type Prepared } from './append-writer.ts';
import { RefusedRows } from './refused-rows.ts';
import { preparedFrom, preparedText } from './saved-state.ts';

/**
 * Rows go to a table beside the target at once and are moved to the target when the snapshot that covers them is committed, in one
 * transaction with the snapshot's number. After a crash that number says whether the rows of the restored snapshot have been moved;
 * rows of no snapshot are removed, and come again.
 */
export class AppendProcessor implements Processor {
  readonly isCooperative: boolean;
  readonly #options: UpsertOptions;
  #context!: ProcessorContext;
  #session: TargetSession | undefined;
  #writer!: AppendWriter;
  #refused: RefusedRows | undefined;
  #progress: Progress = { position: undefined, snapshotId: undefined };
  #pending = new PendingEvents(undefined);
  #saved: Prepared | undefined;
  readonly #prepared = new Map<number, Prepared>();
  /** Calls on the session come one after the other. */
  #tail: Promise<unknown> = Promise.resolve();
  #isWriting = false;
  #hasFailed = false;
  #isClosed = false;

  constructor(options: UpsertOptions) {
    this.#options = options;
    this.isCooperative = !options.dialect.isBlocking;
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    const { dialect, config, stage, sink, refusals } = this.#options;
    const { jobId, generation, globalIndex } = context;
    this.#session = await dialect.open(config, { jobId, sink, writer: globalIndex, generation });
    const session = this.#session;
    // The claim waits for an older writer's transaction, however long that takes.
    const abort = (): void => session.abort();
    context.signal.addEventListener('abort', abort, { once: true });
    this.#progress = await session.claim(context.restoredSnapshotId === undefined);
    context.signal.removeEventListener('abort', abort);
    const isAfresh = context.restoredSnapshotId === undefined;
    const tolerance = refusals && {
      refusals,
      refused: new RefusedRows({ session, refusals, pause: pauseBetween(this.#options, context) }),
    };
    this.#refused = tolerance?.refused;
    this.#writer = new AppendWriter({ session, stage, generation, isAfresh, tolerance });
    this.#pending = new PendingEvents(this.#progress.position);
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    if (entry.key === this.#key) this.#saved = preparedFrom(entry.value);
  }

  /** Finishes what the restored snapshot began, and removes what is newer. */
  async restoreFinished(): Promise<void> {
    const saved = this.#saved;
    const restored = this.#context.restoredSnapshotId;
    if (saved === undefined || restored === undefined) return;
    const marker = this.#progress.snapshotId;
    if (marker !== undefined && marker > restored) {
      throw new MillraceError(SnapshotBehind, {
        message: `the target has the rows of snapshot ${marker}, but the job goes on from snapshot ${restored}: rows would be appended a second time`,
        mend: `Restore snapshot ${marker}, or start the job afresh with an empty target.`,
        details: { marker, restored },
      });
    }
    await this.#refused?.recover(saved.tables, saved.told ?? []);
    if (marker !== restored) {
      const waiting = await this.#writer.waiting(saved);
      if (waiting !== saved.rows) {
        throw new MillraceError(ProgressLost, {
          message: `snapshot ${restored} had prepared ${saved.rows} rows, but ${waiting} of them wait at the target: it was set back, or rows were removed`,
          mend: 'Start the job afresh with an empty target.',
          details: { restored, waiting, prepared: saved.rows },
        });
      }
      await this.#writer.move(saved, restored);
      this.#pending = new PendingEvents(saved.position ?? this.#progress.position);
    }
    await this.#writer.clean(saved);
  }

  process(_ordinal: number, batch: Batch): boolean {
    const events = changeBatch(batch, this.#options.sink);
    if (this.#hasFailed || this.#pending.isFull) return false;
    this.#pending.add(events);
    this.#write();
    return true;
  }

  /** Bounded input ends with a snapshot that shows the rest. */
  complete(): boolean {
    return this.#isIdle();
  }

  snapshotPrepare(snapshotId: number): boolean {
    if (!this.#isIdle()) return false;
    assert(!this.#pending.isTransactionOpen, 'a barrier came inside a source transaction');
    this.#prepared.set(snapshotId, this.#writer.prepared);
    return true;
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    const value = preparedText(this.#prepared.get(snapshotId)!);
    return writer.offer({ partition: EVERY_INSTANCE, key: this.#key, value });
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    await this.#exclusively(async () => {
      const prepared = this.#prepared.get(snapshotId);
      if (prepared === undefined) return;
      await this.#writer.move(prepared, snapshotId);
      this.#prepared.delete(snapshotId);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#isWriting) this.#session?.abort();
    await this.#tail;
    await this.#session?.close().catch(() => {});
  }

  get #key(): string {
    return `writer ${this.#context.globalIndex}`;
  }

  /** Everything taken is durable. */
  #isIdle(): boolean {
    if (this.#hasFailed) return false;
    this.#write();
    return !this.#isWriting;
  }

  #write(): void {
    if (this.#isWriting || this.#hasFailed || this.#isClosed) return;
    const work = this.#pending.take();
    if (work !== undefined) this.#start(() => this.#writeOne(work));
  }

  #start(work: () => Promise<void>): void {
    this.#isWriting = true;
    this.#exclusively(work)
      .catch((error: unknown) => {
        this.#hasFailed = true;
        if (!this.#isClosed) this.#context.fail(error);
      })
      .finally(() => {
        this.#isWriting = false;
        this.#write();
        this.#context.wake();
      });
  }

  async #writeOne(work: Work): Promise<void> {
    const { metrics, clock, guarantee } = this.#context;
    const startedMs = clock.monotonicMs();
    await this.#writer.write(work);
    this.#pending.wrote(work.events.length, clock.monotonicMs() - startedMs);
    metrics.add('rowsWritten', work.events.length);
    metrics.add('transactions', 1);
    // Without snapshots nothing else would ever show the rows.
    if (guarantee === 'none') await this.#writer.move(this.#writer.prepared, undefined);
    if (work.commitTimeUs !== undefined) {
      metrics.set('latencyMs', Math.max(0, clock.nowMs() - Number(work.commitTimeUs / 1_000n)));
    }
  }

  #exclusively(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => {});
    return done;
  }
}
