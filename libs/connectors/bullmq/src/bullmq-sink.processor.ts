import { MessageBodies, nameOf, type Resolved } from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { type ChangeBatch, isChangeBatch } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { Connection, SinkStage } from './config.ts';
import { connect } from './connect.ts';
import { JobStore, type NewJob } from './job-store.ts';

/** Jobs that are added in one step: it takes the server a few milliseconds. */
const CHUNK_JOBS_MAX = 250;

/** What the saved state of one writer says. */
interface SavedWriter {
  readonly writer: number;
  /** Prepared and not yet committed, oldest first. */
  readonly chunks: readonly number[];
}

/** What a name may not have in that of a queue. */
const safe = (name: string): string => name.replace(/[:\s{}]/g, '_');

const decoder = new TextDecoder();

/** Rows wait in Redis, and are jobs when the snapshot that covers them is committed. */
export class BullmqSinkProcessor implements Processor {
  readonly #options: Resolved<Connection, SinkStage>;
  readonly #bodies: MessageBodies;
  #context!: ProcessorContext;
  #store: JobStore | undefined;
  #restored: SavedWriter[] = [];
  /** Of the snapshot that comes next. */
  #open: number[] = [];
  #prepared: { readonly snapshotId: number; readonly chunks: readonly number[] }[] = [];
  /** Rows on their way to Redis. Until they are there nothing else is taken. */
  #work: Promise<void> | undefined;
  #preparedFor: number | undefined;
  #isClosed = false;

  constructor(options: Resolved<Connection, SinkStage>) {
    this.#options = options;
    this.#bodies = new MessageBodies({ format: 'json', database: '' }, options.job.jobName);
  }

  async init(context: ProcessorContext): Promise<void> {
    const { config, stage, job } = this.#options;
    const { prefix, attempts, backoffMs, removeOnComplete, removeOnFail } = stage;
    this.#context = context;
    const backoff = { type: 'exponential', delay: backoffMs };
    const options = { attempts, removeOnComplete, removeOnFail, ...(backoffMs === 0 ? {} : { backoff }) };
    this.#store = new JobStore(await connect(config), { prefix, job, generation: context.generation, options });
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored.push(JSON.parse(decoder.decode(entry.value)) as SavedWriter);
  }

  /** Commits what the snapshot had prepared, perhaps by other instances, and removes what is newer. */
  async restoreFinished(): Promise<void> {
    const { totalParallelism, globalIndex } = this.#context;
    // Another number of instances may have saved: each writer has one that looks after it.
    const mine = this.#restored.filter(({ writer }) => writer % totalParallelism === globalIndex);
    const chunksOf = new Map(mine.map(({ writer, chunks }) => [writer, chunks]));
    for (const writer of new Set([globalIndex, ...chunksOf.keys()])) {
      await this.#store!.claim(writer);
      for (const chunk of chunksOf.get(writer) ?? []) await this.#store!.show(writer, chunk);
      await this.#store!.remove(writer);
    }
    this.#restored = [];
  }

  process(_ordinal: number, batch: Batch): boolean {
    if (this.#work !== undefined) return false;
    assert(isChangeBatch(batch), 'the bullmq sink takes change batches');
    const jobs = this.#jobsOf(batch);
    const { globalIndex: writer, guarantee } = this.#context;
    this.#run(async () => {
      for (let at = 0; at < jobs.length; at += CHUNK_JOBS_MAX)
        this.#open.push(await this.#store!.wait(writer, jobs.slice(at, at + CHUNK_JOBS_MAX)));
      // Without snapshots nothing else would ever show them.
      if (guarantee === 'none') await this.#show(this.#open.splice(0));
    });
    this.#context.metrics.add('rowsWritten', batch.length);
    return true;
  }

  snapshotPrepare(snapshotId: number): boolean {
    if (this.#work !== undefined) return false;
    if (this.#preparedFor === snapshotId) return true;
    this.#run(async () => {
      await this.#store!.check(this.#context.globalIndex);
      this.#prepared.push({ snapshotId, chunks: this.#open });
      this.#open = [];
      this.#preparedFor = snapshotId;
    });
    return false;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const { globalIndex } = this.#context;
    const saved: SavedWriter = { writer: globalIndex, chunks: this.#prepared.flatMap(({ chunks }) => chunks) };
    const value = new TextEncoder().encode(JSON.stringify(saved));
    return writer.offer({ partition: EVERY_INSTANCE, key: `writer-${globalIndex}`, value });
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    const due = this.#prepared.filter((prepared) => prepared.snapshotId <= snapshotId);
    await this.#show(due.flatMap(({ chunks }) => chunks));
    this.#prepared = this.#prepared.filter((prepared) => prepared.snapshotId > snapshotId);
  }

  /** Bounded input ends with a snapshot that shows the rest. */
  complete(): boolean {
    return this.#work === undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#store?.close();
  }

  async #show(chunks: readonly number[]): Promise<void> {
    const { globalIndex } = this.#context;
    for (const chunk of chunks) await this.#store!.show(globalIndex, chunk);
    if (chunks.length > 0) await this.#store!.remove(globalIndex, chunks);
  }

  #jobsOf(batch: ChangeBatch): NewJob[] {
    const { stage, job } = this.#options;
    return Array.from({ length: batch.length }, (_, index) => {
      const schema = batch.schemas[batch.schemaOf[index]!]!;
      const row: unknown = JSON.parse(decoder.decode(this.#bodies.write(batch, index)));
      const data = { op: String.fromCharCode(batch.op[index]!), table: schema.id, row };
      return { queue: nameOf(stage.queue, schema, job, safe), name: stage.name ?? schema.id, data };
    });
  }

  #run(work: () => Promise<void>): void {
    this.#work = work().then(
      () => {
        this.#work = undefined;
        this.#context.wake();
      },
      (error: unknown) => {
        if (!this.#isClosed) this.#context.fail(error);
      },
    );
  }
}
