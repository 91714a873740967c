import type { Batch } from '../contract/batch.ts';
import type { EndOfInput, SnapshotBarrier, Watermark } from '../contract/mark.ts';
import type { Port } from '../thread/thread-platform.ts';
import { BatchDecoder, BatchEncoder, type CodedBatch } from './codec/batch-codec.ts';
import { type Item, isBatch, itemBytes, itemRows } from './item.ts';
import { ItemQueue, type QueueBounds, Quota } from './item-queue.ts';
import { SchemaIntern } from './schema-intern.ts';
import { ignore, type StreamReader, type StreamWriter } from './stream.ts';

/** Downstream: an item, or "I was refused: give credits back as soon as the queue is half free". */
type Down = Item | CodedBatch | { readonly kind: 'want' };
/** Upstream: what has been taken from the queue since the last such message. */
interface Credits {
  readonly rows: number;
  readonly bytes: number;
}

const WANT: Down = { kind: 'want' };

/**
 * The sending end of a stream to another thread. It counts what it has sent and not yet been given back, and refuses beyond
 * the queue's bounds: what is in the port and in the reader's queue together never exceeds them.
 */
export class PortWriter implements StreamWriter {
  onRoom = ignore;
  readonly #port: Port;
  readonly #sent: Quota;
  readonly #encoder = new BatchEncoder();
  #wants = false;

  constructor(port: Port, bounds: QueueBounds) {
    this.#port = port;
    this.#sent = new Quota(bounds);
    port.on('message', (credits: Credits) => {
      this.#sent.add(-credits.rows, -credits.bytes);
      if (!this.#wants) return;
      this.#wants = false;
      this.onRoom();
    });
  }

  offer(item: Batch | Watermark): boolean {
    if (!this.#sent.hasRoomFor(item)) {
      if (!this.#wants) this.#port.postMessage(WANT);
      this.#wants = true;
      return false;
    }
    this.#sent.add(itemRows(item), itemBytes(item));
    if (isBatch(item)) {
      const { message, transfer } = this.#encoder.encode(item);
      this.#port.postMessage(message, transfer);
    } else {
      this.#port.postMessage(item);
    }
    return true;
  }

  put(mark: SnapshotBarrier | EndOfInput): void {
    this.#port.postMessage(mark);
  }

  close(): void {
    this.#port.close();
  }
}

/** The receiving end of a stream from another thread. */
export class PortReader implements StreamReader {
  onItem = ignore;
  readonly #port: Port;
  readonly #queue: ItemQueue;
  readonly #taken: Quota;
  readonly #decoder = new BatchDecoder();
  readonly #schemas = new SchemaIntern();
  #wanted = false;

  /** `onBroken` is told of an item that could not be read (a bug: what was posted can be read). */
  constructor(port: Port, bounds: QueueBounds, onBroken: (error: unknown) => void) {
    this.#port = port;
    this.#queue = new ItemQueue(bounds);
    this.#taken = new Quota(bounds);
    port.on('messageerror', onBroken);
    port.on('message', (message: Down) => {
      if (message.kind === 'want') {
        this.#wanted = true;
        this.#giveBack();
      } else {
        const item = message.kind === 'coded' ? this.#decoder.decode(message) : message;
        this.#queue.push(isBatch(item) ? this.#schemas.intern(item) : item);
        this.onItem();
      }
    });
  }

  get quota(): Quota {
    return this.#queue.quota;
  }

  get rowsPeak(): number {
    return this.#queue.rowsPeak;
  }

  take(): Item | undefined {
    const item = this.#queue.shift();
    if (item === undefined) return undefined;
    this.#taken.add(itemRows(item), itemBytes(item));
    this.#giveBack();
    return item;
  }

  close(): void {
    this.#queue.clear();
    this.#port.close();
  }

  /** At half of the bounds without being asked, so that a writer that keeps up is never refused; else when asked. */
  #giveBack(): void {
    const { rows, bytes } = this.#taken;
    if (rows === 0) return;
    if (this.#taken.isHalfFree && !(this.#wanted && this.#queue.quota.isHalfFree)) return;
    this.#wanted = false;
    this.#taken.add(-rows, -bytes);
    this.#port.postMessage({ rows, bytes } satisfies Credits);
  }
}
