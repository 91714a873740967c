import type { Batch, Outbox, Processor, Watermark } from '@millrace/engine';
import { assert } from '@millrace/kernel';

/** The way from one processor of a chain to the next: a call. */
export class LinkOutbox implements Outbox {
  readonly edgeCount = 1;
  /** Nothing new is taken: a barrier waits for the item under way. */
  isHeld = false;
  readonly #next: Processor;
  readonly #nextOutbox: Outbox;
  /** The item that the next processor has begun and not finished. */
  #pending: Batch | Watermark | undefined;

  constructor(next: Processor, nextOutbox: Outbox) {
    this.#next = next;
    this.#nextOutbox = nextOutbox;
  }

  /** Asked when it is needed: a processor that passes batches on knows it only when it has an outbox. */
  get readsAtOnce(): boolean {
    return this.#next.readsAtOnce ?? false;
  }

  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  offer(item: Batch | Watermark): boolean {
    if (this.#pending === undefined && this.isHeld) return false;
    assert(this.#pending === undefined || this.#pending === item, 'a refused item is offered first');
    this.#pending = item;
    const isTaken = item.kind === 'watermark' ? this.#pass(item) : this.#next.process!(0, item);
    if (isTaken) this.#pending = undefined;
    return isTaken;
  }

  offerTo(ordinal: number, item: Batch | Watermark): boolean {
    assert(ordinal === 0, 'a processor within a chain has one outgoing edge');
    return this.offer(item);
  }

  #pass(watermark: Watermark): boolean {
    return this.#next.processWatermark === undefined
      ? this.#nextOutbox.offer(watermark)
      : this.#next.processWatermark(watermark);
  }
}
