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
import { type ConsumerMessages, DeliverPolicy, type JsMsg, jetstream, type SeqMsgRequest } from '@nats-io/jetstream';
import type { Connection, SourceStage } from '../config.ts';
import { serverError } from '../errors.ts';
import { connectTo, type Server } from '../server/connect.ts';
import { type Message, messageRows } from './message-rows.ts';
import { checkHistory, type Position, stateOf } from './position.ts';
import { ShownConsumer } from './shown-consumer.ts';

/** Messages that are read ahead; more wait at the server. */
const AHEAD_MAX = 4_096;
const PULL_MESSAGES = 2_048;
/** How often a job that reads some subjects looks whether it may pass by the messages of others. */
const PASS_BY_MS = 5_000;

/** How long closing waits for tools to be shown the position. */
const SHOW_MS_MAX = 1_000;

type NatsSourceOptions = Resolved<Connection, SourceStage> & { readonly refusals?: Refusals | undefined };

/** Messages that were read ahead, and what is made of them. */
interface Piece extends MessagesRead<Message> {
  /** Of messages, read or not. */
  readonly count: number;
}

/** Reads a stream in order. Its position is the sequence of the last message that was handed on. */
export class NatsSourceProcessor implements Processor {
  readonly #options: NatsSourceOptions;
  readonly #rows: MessageReader<Message>;
  readonly #closing = new AbortController();
  readonly #ahead: JsMsg[] = [];
  readonly #saved = new Map<number, number>();
  #context!: ProcessorContext;
  #server: Server | undefined;
  #position: Position = { created: '', sequence: 0 };
  /** Of the last message that was read ahead. */
  #read = 0;
  #piece: Piece | undefined;
  #reading: Promise<void> | undefined;
  #consumed: ConsumerMessages | undefined;
  #hasRoom: (() => void) | undefined;
  #hasEnded = false;
  #shown: ShownConsumer | undefined;

  constructor(options: NatsSourceOptions) {
    this.#options = options;
    this.#rows = messageRows(options.stage, options.job.stage, options.refusals);
  }

  async init(context: ProcessorContext): Promise<void> {
    assert(context.totalParallelism === 1, 'a stream has one reader');
    this.#context = context;
    const { config, stage, job } = this.#options;
    this.#server = await connectTo(config, `millrace-${job.jobId}-${job.stage}`);
    const { connection, manager } = this.#server;
    void connection.closed().then((error) => {
      this.#fail(error ?? new Error('the connection ended'));
    });
    if (stage.consumer === undefined) return;
    const shown = { stream: stage.stream, name: stage.consumer, subjects: stage.subjects };
    const failed = (): void => context.metrics.add('consumerChangesFailed', 1);
    this.#shown = new ShownConsumer(manager, shown, { clock: context.clock, failed });
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#position = JSON.parse(new TextDecoder().decode(entry.value)) as Position;
  }

  async restoreFinished(): Promise<void> {
    const { stream, from } = this.#options.stage;
    const state = await stateOf(this.#server!, stream);
    if (this.#position.created !== '') checkHistory(stream, this.#position, state);
    else {
      const sequence = from === 'latest' ? state.last : Math.max(0, state.first - 1);
      this.#position = { created: state.created, sequence };
    }
    this.#read = this.#position.sequence;
  }

  complete(): boolean {
    this.#reading ??= this.#readOn().catch((error: unknown) => this.#fail(error));
    while (this.#ahead.length > 0) {
      this.#piece ??= this.#pieceOf(this.#ahead.slice(0, BATCH_ROWS_MAX));
      const { batch, count, unread } = this.#piece;
      if (batch !== undefined && !this.#context.outbox.offer(batch)) return false;
      const last = this.#ahead[count - 1]!;
      this.#ahead.splice(0, count);
      this.#piece = undefined;
      this.#position = { ...this.#position, sequence: last.seq };
      for (const [message, error] of unread) this.#rows.setAside(message, error, this.#context.clock.nowMs());
      this.#context.metrics.add('rowsRead', batch?.length ?? 0);
      this.#context.metrics.set('messagesBehind', last.info.pending + this.#ahead.length);
      this.#hasRoom?.();
    }
    return this.#hasEnded;
  }

  /** Messages that were no rows come back, perhaps edited. */
  process(_ordinal: number, batch: Batch): boolean {
    const { outbox, clock } = this.#context;
    assert(isChangeBatch(batch), 'a source is given nothing but what it has set aside');
    return this.#rows.handOn(batch, outbox, clock.nowMs());
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    const value = new TextEncoder().encode(JSON.stringify(this.#position));
    if (!writer.offer({ partition: EVERY_INSTANCE, key: 'position', value })) return false;
    this.#saved.set(snapshotId, this.#position.sequence);
    return true;
  }

  snapshotCommit(snapshotId: number): void {
    const sequence = this.#saved.get(snapshotId);
    for (const saved of this.#saved.keys()) if (saved <= snapshotId) this.#saved.delete(saved);
    if (sequence !== undefined) this.#shown?.show(sequence);
  }

  async close(): Promise<void> {
    // What the last snapshot holds is shown yet, if the server answers.
    const waited = this.#context.clock.sleep(SHOW_MS_MAX, this.#closing.signal).catch(() => {});
    await Promise.race([this.#shown?.idle(), waited]);
    this.#closing.abort(new Error('the source is closed'));
    this.#hasRoom?.();
    this.#consumed?.stop();
    await this.#server?.connection.close();
    await this.#reading;
  }

  #pieceOf(messages: readonly JsMsg[]): Piece {
    const { stream } = this.#options.stage;
    const taken = messages.map(({ seq, subject, data }): Message => ({ stream, subject, sequence: seq, body: data }));
    return { count: messages.length, ...this.#rows.read(taken, this.#context.clock.nowMs()) };
  }

  async #readOn(): Promise<void> {
    const { stream, subjects, follow } = this.#options.stage;
    const end = follow ? undefined : (await stateOf(this.#server!, stream)).last;
    const consumer = await jetstream(this.#server!.connection).consumers.get(stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#position.sequence + 1,
      ...(subjects.length === 0 ? {} : { filter_subjects: [...subjects] }),
    });
    const { num_pending } = await consumer.info(true);
    if (end === undefined || (num_pending > 0 && this.#read < end)) {
      this.#consumed = await consumer.consume({ max_messages: PULL_MESSAGES, abort_on_missing_resource: true });
      if (subjects.length > 0 && follow) void this.#passBy().catch((error: unknown) => this.#fail(error));
      await this.#readMessages(this.#consumed, end);
    }
    assert(end !== undefined, 'reading ends by itself only where it is told to');
    this.#hasEnded = true;
    this.#context.wake();
  }

  async #readMessages(messages: ConsumerMessages, end: number | undefined): Promise<void> {
    const { stream, subjects } = this.#options.stage;
    for await (const message of messages) {
      if (end !== undefined && message.seq > end) return;
      if (message.seq !== this.#read + 1 && subjects.length === 0)
        checkHistory(stream, { ...this.#position, sequence: this.#read }, await stateOf(this.#server!, stream));
      this.#read = message.seq;
      this.#ahead.push(message);
      // What came with it is read before: a batch of many rows costs little more than one of a single row.
      if (this.#ahead.length === 1) setImmediate(() => this.#context.wake());
      if (end !== undefined && (message.seq === end || message.info.pending === 0)) return;
      while (this.#ahead.length >= AHEAD_MAX) {
        this.#closing.signal.throwIfAborted();
        await new Promise<void>((resolve) => {
          this.#hasRoom = resolve;
        });
      }
    }
    this.#closing.signal.throwIfAborted();
    throw new Error('the stream or its consumer was removed');
  }

  /** Where only some subjects are read, the position would stay behind while others get messages, and seem lost when those are removed. */
  async #passBy(): Promise<void> {
    const { stream, subjects } = this.#options.stage;
    const { streams } = this.#server!.manager;
    for (;;) {
      await this.#context.clock.sleep(PASS_BY_MS, this.#closing.signal);
      const state = await stateOf(this.#server!, stream);
      checkHistory(stream, { ...this.#position, sequence: this.#read }, state);
      const { sequence } = this.#position;
      const later = await Promise.all(
        subjects.map((subject) => {
          // The client library knows this only of direct reads, which a stream has to allow.
          const query: SeqMsgRequest & { next_by_subj: string } = { seq: sequence + 1, next_by_subj: subject };
          return streams.getMessage(stream, query);
        }),
      );
      if (later.some((message) => message !== null) || this.#read !== sequence) continue;
      this.#read = Math.max(sequence, state.last);
      this.#position = { ...this.#position, sequence: this.#read };
    }
  }

  #fail(error: unknown): void {
    if (!this.#closing.signal.aborted)
      this.#context.fail(serverError(error, `read stream ${this.#options.stage.stream}`));
  }
}
