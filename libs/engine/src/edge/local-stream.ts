import type { Batch } from '../contract/batch.ts';
import type { EndOfInput, SnapshotBarrier, Watermark } from '../contract/mark.ts';
import type { Item } from './item.ts';
import { ItemQueue, type QueueBounds, type Quota } from './item-queue.ts';
import { ignore, type StreamReader, type StreamWriter } from './stream.ts';

/** A stream whose two ends run on the same thread: the batch object itself is handed over. */
export class LocalStream implements StreamWriter, StreamReader {
  onRoom = ignore;
  onItem = ignore;
  readonly #queue: ItemQueue;
  #refused = false;

  constructor(bounds: QueueBounds) {
    this.#queue = new ItemQueue(bounds);
  }

  get quota(): Quota {
    return this.#queue.quota;
  }

  get rowsPeak(): number {
    return this.#queue.rowsPeak;
  }

  offer(item: Batch | Watermark): boolean {
    if (!this.#queue.quota.hasRoomFor(item)) {
      this.#refused = true;
      return false;
    }
    this.#queue.push(item);
    this.onItem();
    return true;
  }

  put(mark: SnapshotBarrier | EndOfInput): void {
    this.#queue.push(mark);
    this.onItem();
  }

  take(): Item | undefined {
    const item = this.#queue.shift();
    if (this.#refused && this.#queue.quota.isHalfFree) {
      this.#refused = false;
      this.onRoom();
    }
    return item;
  }

  close(): void {
    this.#queue.clear();
  }
}
