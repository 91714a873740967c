import {
  LeftOut,
  MessageBodies,
  MessageChunk,
  nameOf,
  type Refusals,
  type Resolved,
} from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { type ChangeBatch, isChangeBatch, type TableSchema } from '@millrace/formats';
import { assert, MillraceError } from '@millrace/kernel';
import type { Connection, SinkStage } from '../config.ts';
import { MessageTooLarge, ProgressLost, SubjectNotOfStream } from '../errors.ts';
import { connectTo, type Server } from '../server/connect.ts';
import { isSubjectOf, subjectToken } from '../server/subjects.ts';
import { BATCH_MESSAGES_MAX } from './atomic-batch.ts';
import { openTarget } from './open-target.ts';
import { TargetStream } from './target-stream.ts';
import { preparedLost, WaitingStream } from './waiting-stream.ts';

/** One message of the batch says what is committed. */
const CHUNK_MESSAGES_MAX = BATCH_MESSAGES_MAX - 1;
const CHUNK_BYTES = 512 * 1_024;
/** Chunks on their way to the server; no more rows are taken until they are there. */
const SENDING_MAX = 4;
/** Chunks that are kept in memory as well, so that a commit need not read them back. */
const KEPT_BYTES_MAX = 16 * 1_048_576;
/** What the server counts beside the body. */
const HEADER_BYTES = 512;

type NatsSinkOptions = Resolved<Connection, SinkStage> & { readonly refusals?: Refusals | undefined };

/** What the saved state of one writer says. */
interface SavedWriter {
  readonly writer: number;
  readonly epoch: string;
  /** Prepared and not yet committed, oldest first. */
  readonly chunks: readonly number[];
}

interface Prepared {
  readonly snapshotId: number;
  readonly chunks: readonly number[];
}

/** Rows wait in a stream of the job's own, and are in the target when the snapshot that covers them is committed. */
export class NatsSinkProcessor implements Processor {
  readonly #options: NatsSinkOptions;
  readonly #bodies: MessageBodies;
  readonly #leftOut: LeftOut;
  readonly #chunk = new MessageChunk();
  readonly #subjects = new WeakMap<TableSchema, string>();
  readonly #kept = new Map<number, Uint8Array>();
  #keptBytes = 0;
  #context!: ProcessorContext;
  #server: Server | undefined;
  #target!: TargetStream;
  #waiting!: WaitingStream;
  #taken: readonly string[] = [];
  #restored: SavedWriter[] = [];
  /** Of the snapshot that comes next: sequences, in order, as they become known. */
  #open: Promise<number>[] = [];
  #prepared: Prepared[] = [];
  #preparing: { readonly snapshotId: number; isDone: boolean } | undefined;
  #sending = 0;
  /** Row of the batch that comes next. */
  #next = 0;
  #isClosed = false;

  constructor(options: NatsSinkOptions) {
    this.#options = options;
    this.#bodies = new MessageBodies(options.stage, options.job.jobName);
    this.#leftOut = new LeftOut({
      refusals: options.refusals,
      refusal: (batch, index) => this.#sizeRefusal(this.#subjectAt(batch, index), this.#bodies.write(batch, index)),
    });
  }

  async init(context: ProcessorContext): Promise<void> {
    const { config, stage, job } = this.#options;
    this.#context = context;
    this.#server = await connectTo(config, `millrace-${job.jobId}-${job.stage}`);
    const { subjects, num_replicas } = await openTarget(this.#server, stage);
    this.#taken = subjects;
    const { generation, ids } = context;
    this.#target = new TargetStream(this.#server, { stream: stage.stream, job, generation, ids });
    this.#waiting = new WaitingStream(this.#server, job);
    await this.#waiting.open(num_replicas);
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored.push(JSON.parse(new TextDecoder().decode(entry.value)) as SavedWriter);
  }

  /** Commits what the snapshot had prepared, perhaps by other instances, and removes what is newer. */
  async restoreFinished(): Promise<void> {
    const { totalParallelism, globalIndex } = this.#context;
    // Another number of instances may have saved: each writer has one that looks after it.
    const mine = this.#restored.filter(({ writer }) => writer % totalParallelism === globalIndex);
    const chunksOf = new Map(mine.map((saved) => [saved.writer, saved]));
    for (const writer of new Set([globalIndex, ...chunksOf.keys()])) {
      await this.#settle(writer, chunksOf.get(writer));
      await this.#waiting.remove(writer);
    }
    this.#restored = [];
  }

  async #settle(writer: number, saved: SavedWriter | undefined): Promise<void> {
    const { epoch } = this.#waiting;
    const committed = await this.#target.claim(writer, epoch);
    if (saved === undefined || saved.chunks.length === 0) return;
    if (committed === undefined) throw progressLost(this.#options.stage.stream, writer);
    const isKnown = committed.epoch === saved.epoch;
    for (const chunk of saved.chunks) {
      if (isKnown && chunk <= committed.chunk) continue;
      if (saved.epoch !== epoch) throw preparedLost(this.#options.stage.stream, chunk);
      await this.#target.show(writer, { epoch, chunk, bytes: await this.#waiting.read(chunk) });
    }
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'the nats sink takes change batches');
    this.#leftOut.look(batch);
    for (; this.#next < batch.length; this.#next += 1) {
      if (this.#leftOut.has(this.#next)) continue;
      if (this.#sending >= SENDING_MAX) return false;
      this.#write(batch, this.#next);
      this.#context.metrics.add('rowsWritten', 1);
    }
    this.#next = 0;
    this.#leftOut.finish();
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
        const chunks = await Promise.all(open);
        await this.#target.check(this.#context.globalIndex);
        this.#prepared.push({ snapshotId, chunks });
        preparing.isDone = true;
      });
    }
    return this.#preparing.isDone;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const { globalIndex } = this.#context;
    const chunks = this.#prepared.flatMap((prepared) => prepared.chunks);
    const saved: SavedWriter = { writer: globalIndex, epoch: this.#waiting.epoch, chunks };
    const value = new TextEncoder().encode(JSON.stringify(saved));
    return writer.offer({ partition: EVERY_INSTANCE, key: `writer-${globalIndex}`, value });
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    const { globalIndex } = this.#context;
    const due = this.#prepared.filter((prepared) => prepared.snapshotId <= snapshotId);
    const chunks = due.flatMap((prepared) => prepared.chunks);
    for (const chunk of chunks) await this.#show(chunk);
    this.#prepared = this.#prepared.filter((prepared) => prepared.snapshotId > snapshotId);
    const last = chunks.at(-1);
    if (last === undefined) return;
    await this.#waiting.remove(globalIndex, last);
    await this.#target.forget(globalIndex);
  }

  /** Bounded input ends with a snapshot that shows the rest; without snapshots it is shown here. */
  complete(): boolean {
    if (this.#context.guarantee === 'none') this.#seal();
    return this.#sending === 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#server?.connection.close();
  }

  #write(batch: ChangeBatch, index: number): void {
    const subject = this.#subjectAt(batch, index);
    const body = this.#bodies.write(batch, index);
    const refusal = this.#sizeRefusal(subject, body);
    if (refusal !== undefined) throw refusal;
    const bytesMax = Math.min(CHUNK_BYTES, this.#bytesMax);
    const isFull =
      this.#chunk.count >= CHUNK_MESSAGES_MAX || this.#chunk.byteLength + MessageChunk.sizeOf(subject, body) > bytesMax;
    if (isFull) this.#seal();
    this.#chunk.add(batch.op[index]!, subject, body);
  }

  /** What the server takes as a body, which may change while the job runs. */
  get #bytesMax(): number {
    return this.#server!.connection.info!.max_payload - HEADER_BYTES;
  }

  #sizeRefusal(subject: string, body: Uint8Array): MillraceError | undefined {
    const size = MessageChunk.sizeOf(subject, body);
    return size > this.#bytesMax ? tooLarge(subject, size, this.#bytesMax) : undefined;
  }

  #seal(): void {
    if (this.#chunk.count === 0) return;
    const bytes = this.#chunk.take();
    const { globalIndex, guarantee } = this.#context;
    const adding = this.#waiting.add(globalIndex, bytes).then((chunk) => {
      if (this.#keptBytes + bytes.byteLength <= KEPT_BYTES_MAX) {
        this.#kept.set(chunk, bytes);
        this.#keptBytes += bytes.byteLength;
      }
      return chunk;
    });
    this.#open.push(adding);
    this.#run(async () => {
      const chunk = await adding;
      // Without snapshots nothing else would ever show them.
      if (guarantee !== 'none') return;
      await this.#show(chunk);
      await this.#waiting.remove(globalIndex, chunk);
    });
  }

  async #show(chunk: number): Promise<void> {
    const { globalIndex: writer } = this.#context;
    const kept = this.#kept.get(chunk);
    const bytes = kept ?? (await this.#waiting.read(chunk));
    await this.#target.show(writer, { epoch: this.#waiting.epoch, chunk, bytes });
    if (this.#kept.delete(chunk)) this.#keptBytes -= bytes.byteLength;
  }

  #run(work: () => Promise<void>): void {
    this.#sending += 1;
    work().then(
      () => {
        this.#sending -= 1;
        this.#context.wake();
      },
      (error: unknown) => {
        if (!this.#isClosed) this.#context.fail(error);
      },
    );
  }

  #subjectAt(batch: ChangeBatch, index: number): string {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    let subject = this.#subjects.get(schema);
    if (subject === undefined) {
      const { stage, job } = this.#options;
      subject = nameOf(stage.subject, schema, job, subjectToken);
      if (!this.#taken.some((filter) => isSubjectOf(subject!, filter))) throw notTaken(subject, stage.stream);
      this.#subjects.set(schema, subject);
    }
    return subject;
  }
}

const notTaken = (subject: string, stream: string): MillraceError =>
  new MillraceError(SubjectNotOfStream, {
    message: `stream ${stream} does not take subject ${subject}`,
    mend: `Add it: nats stream edit ${stream} --subjects ..., or change "subject" of the stage.`,
    pointer: '/subject',
  });

const tooLarge = (subject: string, size: number, most: number): MillraceError =>
  new MillraceError(MessageTooLarge, {
    message: `a message for ${subject} has ${size} bytes, and the server takes ${most}`,
    mend: 'Raise max_payload of the server, leave large columns out, or set such rows aside: give the stage onError.',
  });

const progressLost = (stream: string, writer: number): MillraceError =>
  new MillraceError(ProgressLost, {
    message: `stream ${stream} no longer has the message that says what writer ${writer} has committed, so rows could be there twice`,
    mend: 'Limits of the stream (max_age, max_msgs, max_bytes) removed it while the job was down, or somebody did. Raise them, and start the job anew.',
  });
