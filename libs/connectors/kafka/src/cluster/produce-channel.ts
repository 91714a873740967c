import type { Socket } from 'node:net';
import { assert, type Clock } from '@millrace/kernel';
import type { Connection } from '@platformatic/kafka';
import { type ProduceAnswer, type ProduceRequest, producePieces, readProduceAnswer } from '../protocol/produce.ts';
import { Transient } from './retry.ts';

/** The library counts its requests from 0, we from here. */
const FIRST_ID = 2 ** 30;
const LAST_ID = 2 ** 31 - 1;
/** Of a frame: its length, then the id of the request that it answers. */
const FRAME_HEAD_BYTES = 8;
const LENGTH_BYTES = 4;
const NOTHING = Buffer.alloc(0);

export interface ChannelOptions {
  readonly clientId: string;
  readonly clock: Clock;
  /** A broker that is silent this long counts as gone. */
  readonly answerMsMax: number;
}

interface Waiting {
  readonly resolve: (answer: ProduceAnswer) => void;
  readonly reject: (error: unknown) => void;
  readonly cancelTimer: () => void;
}

/**
 * Sends Produce requests over a connection of the library, which goes on with all others: it would copy every request into a buffer of its own,
 * and collecting those takes a third of the time of a thread that does nothing but produce. Frames that answer ours are taken from
 * the socket, the rest is handed on.
 * https://kafka.apache.org/protocol#protocol_common
 */
export class ProduceChannel {
  static readonly #channels = new WeakMap<Connection, ProduceChannel>();
  readonly #options: ChannelOptions;
  readonly #socket: Socket;
  readonly #handOn: (piece: Buffer) => void;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = FIRST_ID;
  /** Begin of a frame of which nothing is known yet, or that is ours and not here in full. */
  #begun: Buffer = NOTHING;
  /** Bytes to come of a frame that is handed on. */
  #foreignBytes = 0;

  /** The one channel of a connection that is connected. */
  static of(connection: Connection, options: ChannelOptions): ProduceChannel {
    let channel = ProduceChannel.#channels.get(connection);
    if (channel === undefined) {
      channel = new ProduceChannel(connection.socket, options);
      ProduceChannel.#channels.set(connection, channel);
    }
    return channel;
  }

  private constructor(socket: Socket, options: ChannelOptions) {
    const [listener, ...others] = socket.listeners('data') as ((piece: Buffer) => void)[];
    assert(listener !== undefined && others.length === 0, 'the library alone listens to its socket');
    this.#socket = socket;
    this.#options = options;
    this.#handOn = listener;
    socket.off('data', listener);
    socket.on('data', (piece: Buffer) => this.#receive(piece));
    socket.once('close', () => this.#closed());
  }

  /** @throws Transient when the connection breaks or is silent */
  produce(request: ProduceRequest): Promise<ProduceAnswer> {
    const socket = this.#socket;
    const { clientId, clock, answerMsMax } = this.#options;
    if (!socket.writable) return Promise.reject(new Transient('the connection is closed'));
    const correlationId = this.#nextId;
    this.#nextId = correlationId === LAST_ID ? FIRST_ID : correlationId + 1;
    return new Promise((resolve, reject) => {
      // Closed, or what it still has to send would be sent when its memory serves another batch.
      const cancelTimer = clock.timer(answerMsMax, () => socket.destroy());
      this.#waiting.set(correlationId, { resolve, reject, cancelTimer });
      socket.cork();
      for (const piece of producePieces(request, { correlationId, clientId })) socket.write(piece);
      socket.uncork();
    });
  }

  #receive(piece: Buffer): void {
    const bytes = this.#begun.length === 0 ? piece : Buffer.concat([this.#begun, piece]);
    this.#begun = NOTHING;
    let at = 0;
    while (at < bytes.length) {
      if (this.#foreignBytes > 0) {
        const part = bytes.subarray(at, at + this.#foreignBytes);
        this.#foreignBytes -= part.length;
        at += part.length;
        this.#handOn(part);
        continue;
      }
      const isHeadHere = bytes.length - at >= FRAME_HEAD_BYTES;
      const frameBytes = isHeadHere ? bytes.readInt32BE(at) + LENGTH_BYTES : Number.POSITIVE_INFINITY;
      const waiting = isHeadHere ? this.#waiting.get(bytes.readInt32BE(at + LENGTH_BYTES)) : undefined;
      if (isHeadHere && waiting === undefined) {
        this.#foreignBytes = frameBytes;
      } else if (bytes.length - at < frameBytes) {
        this.#begun = bytes.subarray(at);
        return;
      } else {
        this.#answer(bytes.subarray(at, at + frameBytes));
        at += frameBytes;
      }
    }
  }

  #answer(frame: Buffer): void {
    const id = frame.readInt32BE(LENGTH_BYTES);
    const { resolve, reject, cancelTimer } = this.#waiting.get(id)!;
    this.#waiting.delete(id);
    cancelTimer();
    try {
      resolve(readProduceAnswer(frame.subarray(FRAME_HEAD_BYTES)));
    } catch (error) {
      reject(error);
    }
  }

  #closed(): void {
    for (const { reject, cancelTimer } of this.#waiting.values()) {
      cancelTimer();
      reject(new Transient('the connection was closed before the broker answered'));
    }
    this.#waiting.clear();
  }
}
