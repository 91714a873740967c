import type { MessageReader, MessagesRead, Refusals, Resolved } from '@millrace/connector-contract';
import {
  BATCH_ROWS_MAX,
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { isChangeBatch } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { Job } from 'bullmq';
import type { Connection, SourceStage } from '../config.ts';
import { type JobParts, jobRows } from './job-rows.ts';
import { idOf, JobsInFlight, keyOf } from './jobs-in-flight.ts';
import { QueueReader } from './queue-reader.ts';

const ENTRY = 'jobs';
/** Jobs that are read ahead, with their data. */
const AHEAD_MAX = 1_000;
/** How long closing waits until jobs are given back; what is not comes again when its lock has expired. */
const GIVE_BACK_MS_MAX = 2_000;

/** Jobs that are handed on together. */
interface Piece extends MessagesRead<JobParts> {
  readonly jobs: readonly Job[];
}

type SourceOptions = Resolved<Connection, SourceStage> & { readonly refusals?: Refusals | undefined };

/** Names locks and the fence of a stage. */
export const readerName = ({ jobId, stage }: SourceOptions['job']): string => `millrace:${jobId}:${stage}`;

/**
 * Takes jobs of a queue, hands their data on as rows, and completes them when the snapshot that holds them is committed. What it has handed on and not
 * completed is the state: when that comes again after a crash it is completed, and not handed on.
 */
export class BullmqSourceProcessor implements Processor {
  readonly #options: SourceOptions;
  readonly #rows: MessageReader<JobParts>;
  readonly #inFlight = new JobsInFlight();
  readonly #ahead: Job[] = [];
  #context!: ProcessorContext;
  #reader: QueueReader | undefined;
  #reading: Promise<void> | undefined;
  #keeping: Promise<void> | undefined;
  #committing: Promise<void> | undefined;
  #piece: Piece | undefined;
  #saved: { readonly snapshotId: number; readonly value: Uint8Array } | undefined;
  #hasRoom: (() => void) | undefined;
  #isAtEnd = false;
  #isClosed = false;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#rows = jobRows(options.stage, options.job.stage, options.refusals);
  }

  async init(context: ProcessorContext): Promise<void> {
    assert(context.totalParallelism === 1, 'a queue has one reader');
    this.#context = context;
    const { config, stage, job } = this.#options;
    this.#reader = await QueueReader.open({
      config,
      queue: stage.queue,
      prefix: stage.prefix,
      name: readerName(job),
      generation: context.generation,
      clock: context.clock,
      failed: (error) => this.#fail(error),
    });
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#inFlight.restore(entry.value);
  }

  async restoreFinished(): Promise<void> {
    await this.#reader!.takeOver(this.#inFlight.settled);
    await this.#forgetOver();
    this.#keeping = this.#reader!.keepLocks(() => this.#inFlight.jobs()).catch((error: unknown) => this.#fail(error));
  }

  complete(): boolean {
    this.#reading ??= this.#read().catch((error: unknown) => this.#fail(error));
    while (this.#ahead.length > 0 || this.#piece !== undefined) {
      this.#piece ??= this.#pieceOf(this.#ahead.splice(0, BATCH_ROWS_MAX));
      const { batch, jobs, unread } = this.#piece;
      if (batch !== undefined && !this.#context.outbox.offer(batch)) return false;
      this.#piece = undefined;
      this.#handOn(jobs, unread);
      this.#hasRoom?.();
      this.#context.metrics.add('rowsRead', batch?.length ?? 0);
    }
    return this.#isAtEnd;
  }

  /** Jobs that could not be read come back, perhaps edited. */
  process(_ordinal: number, batch: Batch): boolean {
    const { outbox, clock } = this.#context;
    assert(isChangeBatch(batch), 'a source is given nothing but what it has set aside');
    return this.#rows.handOn(batch, outbox, clock.nowMs());
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    if (this.#saved?.snapshotId !== snapshotId) this.#saved = { snapshotId, value: this.#inFlight.save(snapshotId) };
    return writer.offer({ partition: EVERY_INSTANCE, key: ENTRY, value: this.#saved.value });
  }

  snapshotCommit(snapshotId: number): Promise<void> {
    const committing = this.#end(this.#inFlight.due(snapshotId)).then(() => this.#forgetOver());
    this.#committing = committing.catch(() => {});
    return committing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#hasRoom?.();
    const { clock } = this.#context;
    const over = new AbortController();
    const late = clock.sleep(GIVE_BACK_MS_MAX, over.signal).catch(() => {});
    await Promise.race([this.#giveBack(), late]);
    over.abort();
    await this.#reader?.close([]);
    await Promise.all([this.#reading, this.#keeping]);
  }

  /** So that the next execution gets them at once. */
  async #giveBack(): Promise<void> {
    await this.#committing;
    await this.#reader?.stop();
    await this.#reading;
    await this.#reader?.close(this.#inFlight.jobs()).catch(() => {});
  }

  async #read(): Promise<void> {
    const { follow, inFlightMax } = this.#options.stage;
    while (!this.#isClosed) {
      const room = Math.min(inFlightMax - this.#inFlight.size, AHEAD_MAX - this.#ahead.length);
      if (room <= 0) {
        await this.#untilRoom();
        continue;
      }
      const jobs = await this.#reader!.take(room, follow);
      const known: { readonly job: Job; readonly ending: 'completed' | { readonly failed: string } }[] = [];
      for (const job of jobs) {
        const ending = this.#inFlight.settled.get(keyOf(job));
        const isNew = this.#inFlight.take(job);
        if (ending !== undefined) known.push({ job, ending });
        else if (isNew) this.#ahead.push(job);
        if (ending !== undefined || !isNew) this.#context.metrics.add('jobsRepeated', 1);
      }
      await this.#end(known);
      this.#context.metrics.set('jobsInFlight', this.#inFlight.size);
      if (jobs.length > 0) this.#context.wake();
      else if (!follow) break;
    }
    this.#isAtEnd = !this.#isClosed;
    this.#context.wake();
  }

  #pieceOf(jobs: readonly Job[]): Piece {
    return { jobs, ...this.#rows.read(jobs, this.#context.clock.nowMs()) };
  }

  #handOn(jobs: readonly Job[], unread: Piece['unread']): void {
    const nowMs = this.#context.clock.nowMs();
    for (const job of jobs) {
      const error = unread.get(job);
      // With the job: one snapshot has both.
      if (error !== undefined) this.#rows.setAside(job, error, nowMs);
      this.#inFlight.handOn(job, error === undefined ? 'completed' : { failed: error.message });
      // The row is on its way; until the job is completed its id is enough.
      job.data = undefined;
    }
    if (this.#context.guarantee !== 'none') return;
    this.#committing = this.#end(this.#inFlight.handedOn()).catch((error: unknown) => this.#fail(error));
  }

  async #end(due: Parameters<QueueReader['end']>[0]): Promise<void> {
    const lost = await this.#reader!.end(due);
    for (const { job } of due) this.#inFlight.end(job, !lost.has(job));
    this.#hasRoom?.();
  }

  /** What was waited for to come again, and can't. */
  async #forgetOver(): Promise<void> {
    const keys = [...this.#inFlight.settled.keys()];
    const over = await this.#reader!.areOver(keys.map(idOf));
    for (const [index, key] of keys.entries()) if (over[index] === true) this.#inFlight.forget(key);
  }

  async #untilRoom(): Promise<void> {
    const room = Promise.withResolvers<void>();
    this.#hasRoom = room.resolve;
    await room.promise;
  }

  #fail(error: unknown): void {
    if (!this.#isClosed) this.#context.fail(error);
  }
}
