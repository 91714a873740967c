import type { Duplex } from 'node:stream';
import { assert } from '@millrace/kernel';
import type { Connection, Submittable } from 'pg';
import { FrameReader } from '../stream/frame-reader.ts';
import { parseErrorResponse, serverError } from '../stream/server-error.ts';
import { receiveFrom, stopReceiving } from './row-socket.ts';

const COPY_DATA = 0x64; // 'd'
const ERROR_RESPONSE = 0x45; // 'E'
const READY_FOR_QUERY = 0x5a; // 'Z'
/** `Z`, length 5, transaction status. No other message and no text can hold these bytes, so they are found without walking. */
const READY_MESSAGE_BYTES = 6;

type DataListener = (piece: Buffer) => void;

/**
 * COPY TO STDOUT as a query of a `pg` client that leaves the rows where the socket put them: each CopyData message is one row, found by
 * `next` in `frames`. The socket is given back as soon as the server's answer has arrived in full, even when its rows wait here.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
export class CopyRows implements Submittable {
  /** The current row, with its newline, lies at `start` to `end` of `bytes`. */
  readonly frames = new FrameReader();
  /** `next` has been through the server's whole answer. */
  isWalked = false;
  readonly #sql: string;
  readonly #wake: () => void;
  #tail: Buffer = Buffer.alloc(0);
  #connection!: Connection;
  #listener: DataListener | undefined;
  /** Reading waits until everything that was read has been walked. */
  #isPaused = false;
  #isDraining = false;
  #failure: unknown;

  /** @param wake there is something to walk */
  constructor(sql: string, wake: () => void) {
    this.#sql = sql;
    this.#wake = wake;
  }

  /**
   * Steps to the next row; `false` when no whole row is here.
   * @throws MillraceError what the server reported
   */
  next(): boolean {
    while (this.frames.next()) {
      const { type, bytes, start, end } = this.frames;
      if (type === COPY_DATA) return true;
      if (type === ERROR_RESPONSE) {
        this.#drain();
        throw serverError(parseErrorResponse(bytes, start, end), 'the initial load could not read');
      }
      if (type === READY_FOR_QUERY) this.isWalked = true;
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.#readOn();
    return false;
  }

  #readOn(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#stream.resume();
  }

  /** Nobody walks after an error; what still comes, up to ReadyForQuery, is read and dropped, so that the session lives on. */
  #drain(): void {
    this.#isDraining = true;
    this.#readOn();
  }

  submit(connection: Connection): void {
    const stream = connection.stream as Duplex;
    const [listener, ...others] = stream.listeners('data') as DataListener[];
    assert(listener !== undefined && others.length === 0, 'the client alone listens to its socket');
    this.#connection = connection;
    if (!receiveFrom(stream, this.#receive)) {
      this.#listener = listener;
      stream.removeListener('data', listener);
      stream.on('data', this.#onData);
    }
    connection.query(this.#sql);
  }

  /** The connection is gone. */
  handleError(error: unknown): void {
    this.#failure = error;
    this.#wake();
  }

  handleReadyForQuery(): void {
    // Everything is known from the messages themselves.
  }

  readonly #receive = (bytes: Buffer, length: number): boolean => {
    if (this.#isDraining) {
      if (this.#endsWithReady(bytes.subarray(0, length))) this.#giveBack();
      return true;
    }
    this.frames.feed(bytes, length);
    const isWhole = this.#endsWithReady(bytes.subarray(0, length));
    if (isWhole) this.#giveBack();
    this.#isPaused = !isWhole;
    this.#wake();
    return !this.#isPaused;
  };

  readonly #onData = (piece: Buffer): void => {
    if (!this.#receive(piece, piece.length)) this.#stream.pause();
  };

  get #stream(): Duplex {
    return this.#connection.stream as Duplex;
  }

  /** Whether everything that has arrived ends with ReadyForQuery, which may be cut. */
  #endsWithReady(piece: Buffer): boolean {
    const tail = piece.length >= READY_MESSAGE_BYTES ? piece : Buffer.concat([this.#tail, piece]);
    this.#tail = Buffer.from(tail.subarray(-READY_MESSAGE_BYTES));
    const at = tail.length - READY_MESSAGE_BYTES;
    return at >= 0 && tail[at] === READY_FOR_QUERY && tail.readInt32BE(at + 1) === READY_MESSAGE_BYTES - 1;
  }

  #giveBack(): void {
    const stream = this.#stream;
    if (this.#listener === undefined) {
      stopReceiving(stream);
    } else {
      stream.removeListener('data', this.#onData);
      stream.on('data', this.#listener);
    }
    // The client sends its next query now.
    this.#connection.emit('readyForQuery', {});
  }
}
