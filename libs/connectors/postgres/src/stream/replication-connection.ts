import net from 'node:net';
import { assert, type Clock, MillraceError } from '@millrace/kernel';
import type { Client } from 'pg';
import { ConnectionLost, ProtocolViolation } from '../errors.ts';
import { ChunkGatherer } from './chunk-gatherer.ts';
import { FrameReader } from './frame-reader.ts';
import { ReadPacer } from './read-pacer.ts';
import { parseErrorResponse, serverError, startError } from './server-error.ts';

/** One read takes at most this much. The next one happens when all of it has been walked. */
const READ_BYTES_MAX = 1_048_576;

/** How long a goodbye may take. */
const CLOSE_MS_MAX = 1_000;

const QUERY = 0x51; // 'Q'
const TERMINATE = 0x58; // 'X'
const COPY_BOTH_RESPONSE = 0x57; // 'W'
const COPY_DATA = 0x64; // 'd'
const ERROR_RESPONSE = 0x45; // 'E'
const NOTICE_RESPONSE = 0x4e; // 'N'
const PARAMETER_STATUS = 0x53; // 'S'

type State = 'commands' | 'starting' | 'streaming' | 'closed';

/** Connects and authenticates a client whose session can replicate; `stream` is the socket to use unless the session is encrypted. */
export type ReplicationConnect = (stream: () => net.Socket) => Promise<Client>;

export interface StreamCallbacks {
  /** There is something to walk. */
  readonly onData: () => void;
  /** The connection broke while nothing was waiting to be walked. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * A session in CopyBoth mode. `pg` connects, encrypts and authenticates; from START_REPLICATION on the socket is ours: reads land in
 * one buffer that is walked in place, and the next read happens when it has been walked (that is the back-pressure).
 */
export class ReplicationConnection {
  readonly frames = new FrameReader();
  /** When the last bytes arrived (wall clock). */
  lastReadMs = 0;
  readonly #clock: Clock;
  readonly #pacer = new ReadPacer();
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES_MAX);
  #client!: Client;
  #socket!: net.Socket;
  #state: State = 'commands';
  #slot = '';
  #lastReadBytes = 0;
  /** The socket of an unencrypted session, made by `#makeSocket`. */
  #ownSocket: net.Socket | undefined;
  #gatherer: ChunkGatherer | undefined;
  #isReceiving = false;
  #wantsRead = false;
  #failure: unknown;
  #callbacks: StreamCallbacks | undefined;
  #started: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #cancelGather: (() => void) | undefined;

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  static async open(connect: ReplicationConnect, clock: Clock): Promise<ReplicationConnection> {
    const connection = new ReplicationConnection(clock);
    const client = await connect(() => connection.#makeSocket());
    connection.#client = client;
    client.on('error', (error) => connection.#broke(error));
    client.on('end', () => connection.#broke(new Error('the server closed the connection')));
    return connection;
  }

  /** Reading is waiting for the server (and not for the pipeline). */
  get isReading(): boolean {
    return this.#state === 'streaming' && this.frames.isDrained && this.#cancelGather === undefined;
  }

  /**
   * Starts streaming; resolves when the server has agreed. Nothing is walked before `next` is called.
   * @throws MillraceError `postgres.position_lost`, `postgres.slot_in_use`, `postgres.connection_lost`, `postgres.server_error`
   */
  async start(slot: string, command: string, callbacks: StreamCallbacks): Promise<void> {
    assert(this.#state === 'commands', 'streaming starts once');
    this.#slot = slot;
    this.#state = 'starting';
    this.#socket = (
      this.#client as unknown as { readonly connection: { readonly stream: net.Socket } }
    ).connection.stream;
    this.#socket.removeAllListeners('data');
    this.#wantsRead = true;
    if (this.#socket !== this.#ownSocket) this.#gather();
    const agreed = new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject };
    });
    const text = Buffer.from(`${command}\0`);
    const message = Buffer.alloc(5 + text.length);
    message[0] = QUERY;
    message.writeInt32BE(4 + text.length, 1);
    text.copy(message, 5);
    this.#socket.write(message);
    await agreed;
    this.#callbacks = callbacks;
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.frames.isDrained) callbacks.onData();
    else this.#read();
  }

  /**
   * Steps to the next CopyData message in `frames`; `false` when everything read so far has been walked.
   * @throws MillraceError what the server reported, or `postgres.connection_lost` when it ended the stream.
   */
  next(): boolean {
    const { frames } = this;
    while (frames.next()) {
      if (frames.type === COPY_DATA) return true;
      this.#control();
    }
    return false;
  }

  /**
   * Everything has been walked: reads again. Returns whether that is put off for a moment to let data gather.
   * @throws MillraceError `postgres.connection_lost` when the connection broke meanwhile.
   */
  readMore(): boolean {
    if (this.#failure !== undefined && this.#isWalked) throw this.#failure;
    if (this.#cancelGather !== undefined) return true;
    const waitMs =
      this.#lastReadBytes === 0
        ? 0
        : this.#pacer.delayMs(this.#clock.monotonicMs(), this.#lastReadBytes, READ_BYTES_MAX);
    this.#lastReadBytes = 0;
    if (waitMs === 0) {
      this.#read();
      return false;
    }
    this.#cancelGather = this.#clock.timer(waitMs, () => {
      this.#cancelGather = undefined;
      this.#read();
    });
    return true;
  }

  write(message: Uint8Array): void {
    if (this.#state === 'streaming' && this.#socket.writable) this.#socket.write(message);
  }

  /** Ends the session and resolves when the socket is closed. Safe to call twice. */
  async close(): Promise<void> {
    const wasStreaming = this.#state === 'starting' || this.#state === 'streaming';
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelGather?.();
    if (!wasStreaming) return await this.#client.end();
    const socket = this.#socket;
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.timer(CLOSE_MS_MAX, () => socket.destroy());
      socket.once('close', () => {
        cancel();
        resolve();
      });
      socket.write(Buffer.from([TERMINATE, 0, 0, 0, 4]), () => socket.destroy());
    });
  }

  #makeSocket(): net.Socket {
    const socket: net.Socket = new net.Socket({
      onread: {
        buffer: this.#buffer,
        callback: (byteCount: number) => {
          if (this.#state === 'commands') {
            // The handshake is `pg`'s, which keeps what it gets.
            socket.emit('data', Buffer.from(this.#buffer.subarray(0, byteCount)));
            return true;
          }
          return this.#received(this.#buffer, byteCount);
        },
      },
    } as net.SocketConstructorOpts);
    this.#ownSocket = socket;
    return socket;
  }

  /** A TLS socket cannot read into a buffer of ours. */
  #gather(): void {
    const gatherer = new ChunkGatherer(this.#socket, READ_BYTES_MAX);
    this.#gatherer = gatherer;
    this.#socket.on('data', (piece: Buffer) => {
      gatherer.add(piece);
      if (this.#wantsRead) this.#read();
    });
  }

  #read(): void {
    this.#wantsRead = true;
    // Inside a read the answer to the socket says it; resuming would be undone by it.
    if (this.#isReceiving || this.#state === 'closed') return;
    if (this.#gatherer === undefined) {
      this.#socket.resume();
    } else if (!this.#gatherer.isEmpty) {
      const chunk = this.#gatherer.take();
      this.#received(chunk, chunk.length);
    }
  }

  /** Nothing that arrived waits to be walked. */
  get #isWalked(): boolean {
    return this.frames.isDrained && this.#gatherer?.isEmpty !== false;
  }

  /** Takes what was read; returns whether to go on reading at once. */
  #received(chunk: Buffer, byteCount: number): boolean {
    if (this.#state === 'closed') return false;
    this.#isReceiving = true;
    this.#wantsRead = false;
    this.frames.feed(chunk, byteCount);
    this.#lastReadBytes = byteCount;
    this.lastReadMs = this.#clock.nowMs();
    if (this.#state === 'streaming') this.#callbacks?.onData();
    else this.#awaitAgreement();
    this.#isReceiving = false;
    return this.#wantsRead;
  }

  #awaitAgreement(): void {
    try {
      while (this.frames.next()) {
        this.#control();
        if ((this.#state as State) !== 'streaming') continue;
        this.#started?.resolve();
        return;
      }
      this.#read();
    } catch (error) {
      this.#started?.reject(error);
    }
  }

  /** Takes a message that is not CopyData. */
  #control(): void {
    const { type, bytes, start, end } = this.frames;
    switch (type) {
      case NOTICE_RESPONSE:
      case PARAMETER_STATUS:
        return;
      case COPY_BOTH_RESPONSE:
        this.#state = 'streaming';
        return;
      case ERROR_RESPONSE: {
        const fields = parseErrorResponse(bytes, start, end);
        throw this.#state === 'starting'
          ? startError(fields, this.#slot)
          : serverError(fields, `streaming from replication slot "${this.#slot}" ended`);
      }
      default:
        throw this.#lost(
          type === 0x63 || type === 0x43 ? 'the server ended the stream' : `message of type ${type} in the stream`,
        );
    }
  }

  #broke(error: unknown): void {
    if (this.#state === 'closed' || this.#failure !== undefined) return;
    this.#failure = this.#lost(error instanceof Error ? error.message : String(error), error);
    if (this.#state === 'starting') this.#started?.reject(this.#failure);
    // What was read before the break is walked first: it may hold the server's own reason.
    else if (this.#isWalked) this.#callbacks?.onFailure(this.#failure);
  }

  #lost(reason: string, cause?: unknown): MillraceError {
    return new MillraceError(
      reason.startsWith('message of type') ? ProtocolViolation : ConnectionLost,
      {
        message: `the replication connection of slot "${this.#slot}" broke: ${reason}`,
        mend: 'Nothing to do: the job tries again by itself and continues from its last snapshot.',
        details: { slot: this.#slot },
      },
      { cause },
    );
  }
}
