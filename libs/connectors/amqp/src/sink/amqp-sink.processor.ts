import { MessageChunk, type Resolved } from '@millrace/connector-contract';
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
import type { Connection, SinkStage } from '../config.ts';
import { Broker } from '../server/broker.ts';
import { JobQueues } from './job-queues.ts';
import { type ChunkId, compareChunks, queueNames } from './private-messages.ts';
import { RowMessages } from './row-messages.ts';

/** Rows of a transaction. */
const CHUNK_MESSAGES_MAX = 1_000;
const CHUNK_BYTES = 512 * 1_024;
/** Chunks on their way to the broker; no more rows are taken until they are there. */
const SENDING_MAX = 4;

interface Saved {
  readonly generation: number;
  /** Prepared and not yet committed, oldest first. */
  readonly chunks: readonly ChunkId[];
}

interface Prepared {
  readonly snapshotId: number;
  readonly chunks: readonly ChunkId[];
}

/** Rows wait in a queue of the job's own, and are at their addresses when the snapshot that covers them is committed. */
export class AmqpSinkProcessor implements Processor {
  readonly #options: Resolved<Connection, SinkStage>;
  readonly #messages: RowMessages;
  readonly #chunk = new MessageChunk();
  #context!: ProcessorContext;
  #broker: Broker | undefined;
  #queues!: JobQueues;
  #restored: Saved | undefined;
  /** Of the snapshot that comes next. */
  #open: Promise<ChunkId>[] = [];
  #prepared: Prepared[] = [];
  #preparing: { readonly snapshotId: number; isDone: boolean } | undefined;
  #sending = 0;
  /** Row of the batch that comes next. */
  #next = 0;
  /** Without snapshots chunks are shown one after the other, as they come. */
  #showing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: Resolved<Connection, SinkStage>) {
    this.#options = options;
    this.#messages = new RowMessages(options);
  }

  async init(context: ProcessorContext): Promise<void> {
    assert(context.totalParallelism === 1, 'the private queues have one writer');
    this.#context = context;
    const { config, stage, job } = this.#options;
    const { clock, generation, ids } = context;
    const name = `millrace-${job.jobId}-${job.stage}-${generation}-${ids.next()}`;
    this.#broker = await Broker.open(config, { name, clock, ended: (error) => this.#fail(error) });
    const names = queueNames(stage, job);
    this.#queues = await JobQueues.open(this.#broker, { names, kind: stage.kind, generation, ids });
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored = JSON.parse(new TextDecoder().decode(entry.value)) as Saved;
  }

  /** Commits what the snapshot had prepared and removes what is newer. */
  async restoreFinished(): Promise<void> {
    const committed = await this.#queues.claim(this.#restored?.generation);
    const due = this.#restored?.chunks.filter((chunk) => compareChunks(chunk, committed) > 0) ?? [];
    await this.#queues.recover(due);
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'the amqp sink takes change batches');
    for (; this.#next < batch.length; this.#next += 1) {
      if (this.#sending >= SENDING_MAX) return false;
      this.#write(batch, this.#next);
    }
    this.#next = 0;
    this.#context.metrics.add('rowsWritten', batch.length);
    return true;
  }

  snapshotPrepare(snapshotId: number): boolean {
    if (this.#preparing?.snapshotId !== snapshotId) {
      const preparing = { snapshotId, isDone: false };
      this.#preparing = preparing;
      this.#seal();
      const open = this.#open;
      this.#open = [];
      this.#run(async () => {
        this.#prepared.push({ snapshotId, chunks: await Promise.all(open) });
        preparing.isDone = true;
      });
    }
    return this.#preparing.isDone;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const chunks = this.#prepared.flatMap((prepared) => prepared.chunks);
    const saved: Saved = { generation: this.#context.generation, chunks };
    const value = new TextEncoder().encode(JSON.stringify(saved));
    return writer.offer({ partition: EVERY_INSTANCE, key: 'waiting', value });
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    const due = this.#prepared.filter((prepared) => prepared.snapshotId <= snapshotId);
    for (const chunk of due.flatMap((prepared) => prepared.chunks)) await this.#queues.show(chunk);
    this.#prepared = this.#prepared.filter((prepared) => prepared.snapshotId > snapshotId);
  }

  /** Bounded input ends with a snapshot that shows the rest; without snapshots it is shown here. */
  complete(): boolean {
    if (this.#context.guarantee === 'none') this.#seal();
    return this.#sending === 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#broker?.close();
  }

  #write(batch: ChangeBatch, index: number): void {
    const { generation } = this.#context;
    const place = (): ChunkId & { readonly index: number } => ({
      generation,
      number: this.#queues.nextNumber,
      index: this.#chunk.count,
    });
    let { address, bytes } = this.#messages.write(batch, index, place());
    const isFull =
      this.#chunk.count >= CHUNK_MESSAGES_MAX ||
      this.#chunk.byteLength + MessageChunk.sizeOf(address, bytes) > CHUNK_BYTES;
    if (isFull && this.#chunk.count > 0) {
      this.#seal();
      // Its place has become another one.
      ({ address, bytes } = this.#messages.write(batch, index, place()));
    }
    this.#chunk.add(batch.op[index]!, address, bytes);
  }

  #seal(): void {
    if (this.#chunk.count === 0) return;
    const adding = this.#queues.add(this.#chunk.take());
    this.#open.push(adding);
    this.#run(async () => {
      const chunk = await adding;
      if (this.#context.guarantee !== 'none') return;
      this.#open = [];
      this.#showing = this.#showing.then(() => this.#queues.show(chunk));
      await this.#showing;
    });
  }

  #run(work: () => Promise<void>): void {
    this.#sending += 1;
    work().then(
      () => {
        this.#sending -= 1;
        this.#context.wake();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    if (!this.#isClosed) this.#context.fail(error);
  }
}
