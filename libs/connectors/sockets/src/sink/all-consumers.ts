import type { Socket } from 'node:net';
import { parseSizeBytes } from '@millrace/kernel';
import type { Message } from './event-messages.ts';
import { bytesOf, chunkEnd, type Outlet, type OutletOptions } from './outlet.ts';

/** Whoever is connected gets each message. */
export class AllConsumers implements Outlet {
  readonly #options: OutletOptions;
  readonly #consumers = new Set<Socket>();
  readonly #backlogBytes: number;
  /** Not sent. */
  #waiting: Message[] = [];
  /** A write is under way to those who are waited for. */
  #isSending = false;
  #isDue = false;

  constructor(options: OutletOptions) {
    this.#options = options;
    this.#backlogBytes = parseSizeBytes(options.stage.backlog)!;
  }

  get #waits(): boolean {
    return this.#options.stage.consumers === 'wait';
  }

  add(message: Message): void {
    this.#waiting.push(message);
    this.#later();
  }

  attach(socket: Socket): void {
    this.#consumers.add(socket);
    socket.setTimeout(this.#options.idleMs, () => {
      if (socket.writableLength > 0) socket.destroy();
    });
    socket.once('end', () => socket.destroy());
    socket.once('close', () => this.#consumers.delete(socket));
    // What it says is not listened to.
    socket.resume();
    this.#later();
  }

  /** Between two turns of the loop, so that sockets get to write. */
  #later(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#send();
    });
  }

  #send(): void {
    const isNobody = this.#consumers.size === 0;
    if (this.#waiting.length === 0 || this.#isSending || (isNobody && this.#waits)) return;
    const end = chunkEnd(this.#waiting, 0);
    const messages = this.#waiting.slice(0, end);
    this.#waiting = this.#waiting.slice(end);
    if (isNobody) this.#options.metrics.add('rowsDiscarded', messages.length);
    if (this.#waits) this.#sendAndWait(messages);
    else this.#sendAndGoOn(messages);
  }

  #sendAndWait(messages: readonly Message[]): void {
    this.#isSending = true;
    let left = this.#consumers.size;
    const taken = (): void => {
      left -= 1;
      if (left > 0) return;
      this.#isSending = false;
      this.#options.done(messages);
      this.#later();
    };
    // Called with an error for one that has gone, which is waited for no longer.
    const bytes = bytesOf(messages);
    for (const consumer of this.#consumers) consumer.write(bytes, taken);
  }

  #sendAndGoOn(messages: readonly Message[]): void {
    const bytes = bytesOf(messages);
    for (const consumer of this.#consumers) {
      if (consumer.writableLength > this.#backlogBytes) {
        this.#options.metrics.add('consumersDropped', 1);
        consumer.destroy();
      } else consumer.write(bytes);
    }
    this.#options.done(messages);
    if (this.#waiting.length > 0) this.#later();
  }
}
