import type { Port } from '@millrace/engine';
import type { VirtualLoop } from '../loop/virtual-loop.ts';
import type { VirtualThread } from '../loop/virtual-thread.ts';
import { cloneMessage } from './clone-message.ts';

/** Smallest distance between two messages of a channel: none overtakes another. */
const APART_MS = 1e-6;

/** One end of a simulated channel: messages are cloned when they are posted, and arrive late but in order. */
export class VirtualPort implements Port {
  /** Where it is used; changed by transferring it. */
  thread: VirtualThread;
  readonly #loop: VirtualLoop;
  /** Draws how long a message is under way, milliseconds. */
  readonly #delayMs: () => number;
  #peer!: VirtualPort;
  #listener: ((message: unknown) => void) | undefined;
  readonly #arrived: unknown[] = [];
  #lastArrivalMs = 0;
  #isClosed = false;

  private constructor(thread: VirtualThread, loop: VirtualLoop, delayMs: () => number) {
    this.thread = thread;
    this.#loop = loop;
    this.#delayMs = delayMs;
  }

  static pair(thread: VirtualThread, loop: VirtualLoop, delayMs: () => number): [VirtualPort, VirtualPort] {
    const pair: [VirtualPort, VirtualPort] = [
      new VirtualPort(thread, loop, delayMs),
      new VirtualPort(thread, loop, delayMs),
    ];
    pair[0].#peer = pair[1];
    pair[1].#peer = pair[0];
    return pair;
  }

  on(event: 'message' | 'messageerror', listener: (value: never) => void): this {
    if (event === 'message') {
      this.#listener = listener as (message: unknown) => void;
      this.#loop.at(this.thread.nowMs, this.thread, 'listen', () => this.#deliver());
    }
    return this;
  }

  postMessage(message: unknown, transfer: readonly unknown[] = []): void {
    const peer = this.#peer;
    const clone = cloneMessage(message, transfer);
    for (const each of transfer) if (each instanceof VirtualPort) each.thread = peer.thread;
    const arrivalMs = Math.max(this.thread.nowMs + this.#delayMs(), peer.#lastArrivalMs + APART_MS);
    peer.#lastArrivalMs = arrivalMs;
    this.#loop.at(arrivalMs, peer.thread, `message ${kindOf(clone)}`, () => {
      peer.#arrived.push(clone);
      peer.#deliver();
    });
  }

  close(): void {
    this.#isClosed = true;
  }

  #deliver(): void {
    if (this.#listener === undefined) return;
    while (this.#arrived.length > 0 && !this.#isClosed) this.#listener(this.#arrived.shift());
  }
}

function kindOf(message: unknown): string {
  const { kind, length, timeMs } = message as { kind?: string; length?: number; timeMs?: number };
  return `${kind ?? 'credits'} ${length ?? timeMs ?? ''}`;
}
