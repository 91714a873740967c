import type { Socket } from 'node:net';
import { notAcknowledged } from '../errors.ts';
import { frameReader } from '../framing/framing.ts';
import type { Message } from './event-messages.ts';
import { bytesOf, chunkEnd, type Outlet, type OutletOptions } from './outlet.ts';

const ACKNOWLEDGEMENT = /^ACK (\d{1,15})$/;
const ANSWER_BYTES_MAX = 64;
/** Connections in a row that were sent rows and ended without an acknowledgement; then the job is told. */
const FRUITLESS_MAX = 3;

/** One other end. What it has not taken, or not acknowledged, when its connection ends is sent again over the next one. */
export class OnePeer implements Outlet {
  readonly #options: OutletOptions;
  /** Not done with; the first `#sent` of them were sent over this connection. */
  readonly #waiting: Message[] = [];
  #socket: Socket | undefined;
  #sent = 0;
  /** Of this connection. */
  #acknowledged = 0;
  #fruitless = 0;
  #isDue = false;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  add(message: Message): void {
    this.#waiting.push(message);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#send();
    });
  }

  attach(socket: Socket): void {
    // The newest counts: the one before may have gone without a word.
    this.#socket?.destroy();
    this.#socket = socket;
    this.#sent = 0;
    this.#acknowledged = 0;
    const { stage, idleMs } = this.#options;
    const reader = frameReader(stage.framing, ANSWER_BYTES_MAX, (bytes) => this.#answered(socket, bytes));
    socket.on('data', (chunk: Buffer) => {
      if (stage.acknowledge && this.#socket === socket) reader.push(chunk);
    });
    socket.on('drain', () => this.#send());
    socket.setTimeout(idleMs, () => {
      if (this.#waiting.length > 0) socket.destroy();
    });
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      if (this.#socket === socket) this.#detach();
    });
    socket.resume();
    this.#send();
  }

  #detach(): void {
    this.#socket = undefined;
    const { stage, isDialled, place, failed } = this.#options;
    if (!stage.acknowledge || !isDialled || this.#sent === 0 || this.#acknowledged > 0) return;
    this.#fruitless += 1;
    if (this.#fruitless >= FRUITLESS_MAX) failed(notAcknowledged(place, this.#fruitless));
  }

  #send(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    while (this.#sent < this.#waiting.length && !socket.writableNeedDrain && !socket.destroyed) {
      const end = chunkEnd(this.#waiting, this.#sent);
      const messages = this.#waiting.slice(this.#sent, end);
      this.#sent = end;
      if (this.#options.stage.acknowledge) socket.write(bytesOf(messages));
      else
        socket.write(bytesOf(messages), (error) => {
          if (error == null && this.#socket === socket) this.#done(messages.length);
        });
    }
  }

  #answered(socket: Socket, bytes: Buffer): void {
    if (this.#socket !== socket) return;
    const [, count] = ACKNOWLEDGEMENT.exec(bytes.toString('latin1')) ?? [];
    const more = Number(count ?? Number.NaN) - this.#acknowledged;
    // It speaks another language, or counts something else: nothing that it says can be relied on.
    if (!(more >= 0 && more <= this.#sent)) return void socket.destroy();
    this.#acknowledged += more;
    if (more === 0) return;
    this.#fruitless = 0;
    this.#done(more);
  }

  #done(count: number): void {
    this.#sent -= count;
    this.#options.done(this.#waiting.splice(0, count));
  }
}
