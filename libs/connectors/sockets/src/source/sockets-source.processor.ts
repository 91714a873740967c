import type { Socket } from 'node:net';
import { type Refusals, type Resolved, textBytes, UnreadEvents } from '@millrace/connector-contract';
import {
  BATCH_ROWS_MAX,
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { type ChangeBatch, type DeclaredRow, encodeRows, isChangeBatch, type TableSchema } from '@millrace/formats';
import { assert, isRecordError, type MillraceError } from '@millrace/kernel';
import type { Connection } from '../config.ts';
import { type Link, linkOf } from '../link/link.ts';
import { FrameRows } from './frame-rows.ts';
import { Inbound } from './inbound.ts';
import { KnownSenders } from './known-senders.ts';
import type { Sender } from './sender.ts';
import { rowSchema, type SourceStage } from './source-stage.ts';

/** Of messages that wait for the job. With more, nothing is read from any connection until half of it is handed on. */
export const WAITING_BYTES_MAX = 4 * 1_024 * 1_024;
/** What a message that waits costs beside its bytes. */
const MESSAGE_BYTES = 64;
const SENDERS_ENTRY = 'senders';

interface Message {
  readonly sender: Sender;
  readonly number: number;
  readonly bytes: Buffer;
  readonly length: number;
}

interface Piece {
  readonly messages: readonly Message[];
  readonly batch: ChangeBatch;
  readonly unread: readonly { readonly message: Message; readonly error: MillraceError }[];
}

type SourceOptions = Resolved<Connection, SourceStage> & { readonly refusals?: Refusals | undefined };

/**
 * Hands on the messages of connections. While the job is behind it reads nothing, so that the other ends cannot write. Where they are acknowledged, the number of the last
 * message of each sender that was handed on is the state; a sender is told what committed snapshots hold, and messages that come again are known by their numbers.
 */
export class SocketsSource implements Processor {
  readonly #options: SourceOptions;
  readonly #schema: TableSchema;
  readonly #rows: FrameRows;
  readonly #senders: KnownSenders;
  readonly #unread: UnreadEvents | undefined;
  readonly #inbound = new Set<Inbound>();
  #context!: ProcessorContext;
  #link: Link | undefined;
  #waiting: Message[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  #piece: Piece | undefined;
  #again: { readonly given: Batch; readonly batch: ChangeBatch } | undefined;

  constructor(options: SourceOptions) {
    const { stage, job, refusals } = options;
    this.#options = options;
    this.#schema = rowSchema(stage);
    this.#rows = new FrameRows(stage, this.#schema);
    this.#senders = new KnownSenders(stage.senders);
    this.#unread = refusals && new UnreadEvents(job.stage, ['sender', 'number', 'value']);
  }

  init(context: ProcessorContext): void {
    assert(context.totalParallelism === 1, 'an end of connections has one reader');
    this.#context = context;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#senders.restore(new TextDecoder().decode(entry.value));
  }

  async restoreFinished(): Promise<void> {
    const { config, job, stage } = this.#options;
    this.#link = linkOf({
      config,
      job,
      context: this.#context,
      framing: stage.framing,
      allowHalfOpen: stage.acknowledge,
      connected: (socket) => this.#connected(socket),
      failed: (error) => this.#context.fail(error),
    });
    await this.#link.open();
  }

  complete(): boolean {
    for (;;) {
      this.#piece ??= this.#nextPiece();
      const piece = this.#piece;
      if (piece === undefined) return false;
      if (piece.batch.length > 0 && !this.#context.outbox.offer(piece.batch)) return false;
      this.#piece = undefined;
      this.#advance(piece);
    }
  }

  /** Messages that could not be read come back, perhaps edited. */
  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'a source is given nothing but what it has set aside');
    if (this.#again?.given !== batch) this.#again = { given: batch, batch: this.#readAgain(batch) };
    if (this.#again.batch.length > 0 && !this.#context.outbox.offer(this.#again.batch)) return false;
    this.#again = undefined;
    return true;
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    const value = new TextEncoder().encode(this.#senders.save(snapshotId));
    return writer.offer({ partition: EVERY_INSTANCE, key: SENDERS_ENTRY, value });
  }

  snapshotCommit(snapshotId: number): void {
    this.#senders.committed(snapshotId);
  }

  async close(): Promise<void> {
    await this.#link?.close();
  }

  #connected(socket: Socket): void {
    const { metrics } = this.#context;
    const inbound = new Inbound(socket, {
      stage: this.#options.stage,
      senders: this.#options.stage.acknowledge ? this.#senders : undefined,
      take: (sender, number, bytes, length) => this.#take({ sender, number, bytes, length }),
      cut: () => metrics.add('messagesCut', 1),
      refused: () => metrics.add('connectionsRefused', 1),
    });
    this.#inbound.add(inbound);
    socket.once('close', () => this.#inbound.delete(inbound));
    if (!this.#isPaused) inbound.resume();
  }

  #take(message: Message): void {
    this.#waiting.push(message);
    this.#waitingBytes += message.bytes.length + MESSAGE_BYTES;
    if (this.#waitingBytes >= WAITING_BYTES_MAX && !this.#isPaused) {
      this.#isPaused = true;
      for (const inbound of this.#inbound) inbound.pause();
    }
    this.#context.wake();
  }

  #nextPiece(): Piece | undefined {
    if (this.#waiting.length === 0) return undefined;
    const messages = this.#waiting.slice(0, BATCH_ROWS_MAX);
    const rows: DeclaredRow[] = [];
    const unread: Piece['unread'][number][] = [];
    for (const message of messages) {
      const { sender, number, bytes, length } = message;
      try {
        const row = this.#rows.row(sender.name, number, bytes, length);
        if (row !== undefined) rows.push(row);
      } catch (error) {
        if (this.#unread === undefined || !isRecordError(error)) throw error;
        unread.push({ message, error });
      }
    }
    return { messages, unread, batch: encodeRows(this.#schema, rows, { receivedMs: this.#context.clock.nowMs() }) };
  }

  #advance({ messages, batch, unread }: Piece): void {
    const { metrics, clock, guarantee } = this.#context;
    this.#waiting = this.#waiting.slice(messages.length);
    for (const { sender, number, bytes } of messages) {
      sender.handed = number;
      this.#waitingBytes -= bytes.length + MESSAGE_BYTES;
      metrics.add('bytesRead', bytes.length);
      // No snapshot will ever hold it.
      if (guarantee === 'none') this.#senders.hold(sender, number);
    }
    metrics.add('rowsRead', batch.length);
    for (const { message, error } of unread) {
      const { sender, number, bytes } = message;
      const event = this.#unread!.batchOf({ sender: sender.name, number, value: bytes }, clock.nowMs());
      this.#options.refusals!.refuse(event, 0, error);
    }
    if (!this.#isPaused || this.#waitingBytes > WAITING_BYTES_MAX / 2) return;
    this.#isPaused = false;
    for (const inbound of this.#inbound) inbound.resume();
  }

  #readAgain(batch: ChangeBatch): ChangeBatch {
    const rows: DeclaredRow[] = [];
    for (let index = 0; index < batch.length; index++) {
      try {
        const { sender, number, value } = this.#unread!.partsOf(batch, index);
        const bytes = textBytes(value ?? '');
        const row = this.#rows.row(String(sender), Number(number), bytes, bytes.length);
        if (row !== undefined) rows.push(row);
      } catch (error) {
        if (!isRecordError(error)) throw error;
        this.#options.refusals!.refuse(batch, index, error);
      }
    }
    return encodeRows(this.#schema, rows, { receivedMs: this.#context.clock.nowMs() });
  }
}
