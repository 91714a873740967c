import type { Refusals } from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  SHOWN_AFTER,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { comparePositions, formatLsn, type Position, parseLsn } from '@millrace/formats';
import { assert, MillraceError, type Random } from '@millrace/kernel';
import type { ConnectionOptions, StageOptions } from '../config.ts';
import type { Dialect, TargetSession } from '../dialect.ts';
import { ProgressLost } from '../errors.ts';
import { changeBatch } from './change-batch.ts';
import { EventRefusals } from './event-refusals.ts';
import { PendingEvents, type Work } from './pending-events.ts';
import { RefusedList } from './refused-list.ts';
import { pauseBetween } from './retry-pause.ts';
import { TargetWriter } from './target-writer.ts';

export interface UpsertOptions {
  readonly dialect: Dialect;
  readonly config: ConnectionOptions;
  readonly stage: StageOptions;
  /** Name of the sink's stage. */
  readonly sink: string;
  /** Absent: the first row that the target refuses fails the job. */
  readonly refusals?: Refusals | undefined;
  readonly random: Random;
}

/**
 * Writes as soon as something waits and the last write is done: at low rates a transaction goes out at once, at high rates the next
 * write gathers while one is under way. The progress row is updated in every target transaction; what it covers is skipped
 * when it comes again (INV: nothing is applied twice).
 */
export class UpsertProcessor implements Processor {
  readonly isCooperative: boolean;
  readonly #options: UpsertOptions;
  #context!: ProcessorContext;
  #session: TargetSession | undefined;
  #writer: TargetWriter | undefined;
  #pending = new PendingEvents(undefined);
  #writing: Promise<void> | undefined;
  /** Where the target stood at the restored snapshot. */
  #restored: Position | undefined;
  #refused: RefusedList | undefined;
  /** Where the target stood at each snapshot that is not committed. */
  readonly #prepared = new Map<number, Position | undefined>();
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
    const identity = { jobId, sink, writer: globalIndex, generation };
    this.#session = await dialect.open(config, identity);
    const session = this.#session;
    // The claim waits for an older writer's transaction, however long that takes.
    const abort = (): void => session.abort();
    context.signal.addEventListener('abort', abort, { once: true });
    const isAfresh = context.restoredSnapshotId === undefined;
    const { position } = await session.claim(isAfresh);
    context.signal.removeEventListener('abort', abort);
    this.#refused = refusals && (await RefusedList.open(session, identity, isAfresh));
    const list = this.#refused;
    this.#writer = new TargetWriter(
      session,
      stage,
      position,
      list && { list, events: new EventRefusals(refusals!, list, pauseBetween(this.#options, context)) },
    );
    this.#pending = new PendingEvents(position, list && ((each) => list.find(each) !== undefined));
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    if (entry.key !== `writer ${this.#context.globalIndex}`) return;
    const [commitLsn, index] = Buffer.from(entry.value).toString('latin1').split(' ');
    this.#restored = { commitLsn: parseLsn(commitLsn!), index: Number(index) };
  }

  /** A target behind the snapshot was set back (a restored backup): replaying from the snapshot would leave a gap. */
  restoreFinished(): void {
    const held = this.#writer!.progress;
    const saved = this.#restored;
    // What the snapshot covers does not come again.
    this.#writer!.covered(saved);
    if (saved === undefined || (held !== undefined && comparePositions(held, saved) >= 0)) return;
    const text = (position: Position): string => `${formatLsn(position.commitLsn)} index ${position.index}`;
    throw new MillraceError(ProgressLost, {
      message: `the target has changes up to ${held === undefined ? 'nothing' : text(held)}, but the job had written up to ${text(saved)}: it was set back, or its progress row was changed`,
      mend: `Start the job afresh with an initial load, or accept the gap: UPDATE millrace_progress SET commit_lsn = '${formatLsn(saved.commitLsn)}', event_index = ${saved.index} WHERE job_id = '${this.#context.jobId.replaceAll("'", "''")}' AND sink = '${this.#options.sink.replaceAll("'", "''")}' AND writer = ${this.#context.globalIndex};`,
    });
  }

  process(_ordinal: number, batch: Batch): boolean {
    const events = changeBatch(batch, this.#options.sink);
    if (this.#hasFailed || this.#pending.isFull) return false;
    const skipped = this.#pending.skipped;
    this.#pending.add(events);
    if (this.#pending.skipped > skipped) this.#context.metrics.add('skippedEvents', this.#pending.skipped - skipped);
    this.#write();
    return true;
  }

  complete(): boolean {
    return this.#isIdle();
  }

  snapshotPrepare(snapshotId: number): boolean {
    if (!this.#isIdle()) return false;
    assert(!this.#pending.isTransactionOpen, 'a barrier came inside a source transaction');
    this.#writer!.snapshotId = snapshotId;
    if (this.#refused !== undefined) this.#prepared.set(snapshotId, this.#writer!.progress);
    return true;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const position = this.#writer!.progress;
    if (position === undefined) return true;
    const text = `${formatLsn(position.commitLsn)} ${position.index}`;
    const key = `writer ${this.#context.globalIndex}`;
    return writer.offer({ partition: EVERY_INSTANCE, key, value: new Uint8Array(Buffer.from(text, 'latin1')) });
  }

  snapshotCommit(snapshotId: number): void {
    if (this.#prepared.has(snapshotId)) this.#writer!.covered(this.#prepared.get(snapshotId));
    this.#prepared.delete(snapshotId);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#writing !== undefined) this.#session?.abort();
    await this.#writing;
    await this.#session?.close().catch(() => {});
  }

  /** Everything taken is committed. */
  #isIdle(): boolean {
    if (this.#hasFailed) return false;
    this.#write();
    return this.#writing === undefined;
  }

  /** Starts writing unless that is under way or nothing is ready to be written. */
  #write(): void {
    if (this.#writing !== undefined || this.#hasFailed || this.#isClosed) return;
    const work = this.#pending.take();
    if (work === undefined) return;
    this.#writing = this.#writeOne(work)
      .catch((error: unknown) => {
        this.#hasFailed = true;
        if (!this.#isClosed) this.#context.fail(error);
      })
      .finally(() => {
        this.#writing = undefined;
        this.#write();
        // There is room again, or a barrier can go on.
        this.#context.wake();
      });
  }

  async #writeOne(work: Work): Promise<void> {
    const writer = this.#writer!;
    const { metrics, clock } = this.#context;
    const before = writer.transactions;
    const startedMs = clock.monotonicMs();
    await writer.write(work);
    this.#pending.wrote(work.events.length, clock.monotonicMs() - startedMs);
    metrics.add('rowsWritten', work.events.length);
    metrics.add('transactions', writer.transactions - before);
    if (work.commitTimeUs !== undefined) {
      metrics.set('latencyMs', Math.max(0, clock.nowMs() - Number(work.commitTimeUs / 1_000n)));
    }
    const nowMs = clock.nowMs();
    for (const time of work.commitTimes) metrics.observe(SHOWN_AFTER, Math.max(0, nowMs - time));
  }
}
