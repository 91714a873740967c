import type { Socket } from 'node:net';
import { parseDurationMs, parseSizeBytes } from '@millrace/kernel';
import { type FrameReader, framedText, frameReader } from '../framing/framing.ts';
import type { KnownSenders } from './known-senders.ts';
import { Sender } from './sender.ts';
import type { SourceStage } from './source-stage.ts';

const GREETING = /^STREAM ([!-~]{1,128})$/;

export interface InboundOptions {
  readonly stage: SourceStage;
  /** Present where messages are acknowledged. */
  readonly senders: KnownSenders | undefined;
  readonly take: (sender: Sender, number: number, bytes: Buffer, length: number) => void;
  /** A connection ended in the middle of a message. */
  readonly cut: () => void;
  /** It did not say who it is, or there are too many. */
  readonly refused: () => void;
}

/** A connection that messages come over. */
export class Inbound {
  readonly #socket: Socket;
  readonly #options: InboundOptions;
  readonly #reader: FrameReader;
  #sender: Sender | undefined;
  /** Number of the newest message, by the count of its sender. */
  #number = 0;
  /** Of `ACK`. */
  #told = 0;
  #hasEnded = false;

  constructor(socket: Socket, options: InboundOptions) {
    const { stage, senders } = options;
    this.#socket = socket;
    this.#options = options;
    if (senders === undefined) this.#sender = new Sender(`${socket.remoteAddress}:${socket.remotePort}`);
    this.#reader = frameReader(stage.framing, parseSizeBytes(stage.frame)!, (bytes, length) =>
      this.#take(bytes, length),
    );
    const idleMs = parseDurationMs(stage.idle)!;
    socket.setTimeout(idleMs, () => {
      // Nothing comes over one that is not read.
      if (socket.isPaused()) socket.setTimeout(idleMs);
      else socket.destroy();
    });
    socket.on('data', (chunk: Buffer) => {
      if (!this.#hasEnded) this.#reader.push(chunk);
    });
    socket.on('drain', () => this.tell());
    socket.once('end', () => {
      this.#hasEnded = true;
      this.#endWhenTold();
    });
    socket.once('close', () => {
      if (this.#reader.isInside) options.cut();
      // It may have another one by now.
      if (this.#sender?.connection === this) this.#sender.connection = undefined;
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  leave(): void {
    this.#socket.destroy();
  }

  /** The numbers only grow, so one that does not get through is not missed when a later one does. */
  tell(): void {
    if (this.#options.senders === undefined || this.#socket.writableNeedDrain) return;
    if (this.#sender !== undefined && this.#sender.held > this.#told) this.#say(this.#sender.held);
    this.#endWhenTold();
  }

  #take(bytes: Buffer, length: number): void {
    if (this.#hasEnded) return;
    if (this.#sender === undefined) {
      this.#greet(bytes);
      return;
    }
    this.#number += 1;
    // It came over an earlier connection, and its sender could not know.
    if (this.#number <= this.#sender.taken) return;
    this.#sender.taken = this.#number;
    this.#options.take(this.#sender, this.#number, bytes, length);
  }

  #greet(bytes: Buffer): void {
    const [, name] = GREETING.exec(bytes.toString('latin1')) ?? [];
    const sender = name === undefined ? undefined : this.#options.senders!.get(name);
    if (sender === undefined) {
      this.#refuse(
        name === undefined ? 'the first message has to be STREAM and a name' : 'there are too many names: see senders',
      );
      return;
    }
    sender.connection?.leave();
    sender.connection = this;
    this.#sender = sender;
    this.#number = sender.held;
    this.#say(sender.held);
  }

  #refuse(reason: string): void {
    this.#hasEnded = true;
    this.#options.refused();
    this.#socket.end(framedText(this.#options.stage.framing, `ERR ${reason}`), () => this.#socket.destroy());
  }

  #say(held: number): void {
    this.#told = held;
    this.#socket.write(framedText(this.#options.stage.framing, `ACK ${held}`));
  }

  /** One that has sent everything, and waits for it to be held, is let go then. */
  #endWhenTold(): void {
    if (!this.#hasEnded) return;
    if (this.#sender === undefined || this.#told >= this.#number) this.#socket.end();
  }
}
