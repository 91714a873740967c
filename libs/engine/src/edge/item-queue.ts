import { type Item, itemBytes, itemRows } from './item.ts';

/** Bounds of one queue. */
export interface QueueBounds {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** Rows and bytes counted against bounds. An item larger than the bounds still fits when nothing else is counted. */
export class Quota {
  readonly bounds: QueueBounds;
  rows = 0;
  bytes = 0;

  constructor(bounds: QueueBounds) {
    this.bounds = bounds;
  }

  hasRoomFor(item: Item): boolean {
    if (this.rows === 0) return true;
    return this.rows + itemRows(item) <= this.bounds.rowsMax && this.bytes + itemBytes(item) <= this.bounds.bytesMax;
  }

  /** At most half of either bound is used: worth waking whoever was refused. */
  get isHalfFree(): boolean {
    return this.rows * 2 <= this.bounds.rowsMax && this.bytes * 2 <= this.bounds.bytesMax;
  }

  /** Share of the bound that is nearest; above 1 with an item larger than the bounds. */
  get fill(): number {
    return Math.max(this.rows / this.bounds.rowsMax, this.bytes / this.bounds.bytesMax);
  }

  add(rows: number, bytes: number): void {
    this.rows += rows;
    this.bytes += bytes;
  }
}

const CAPACITY_MIN = 16;

/** First in, first out, in a ring that grows by doubling up to what its quota lets in. */
export class ItemQueue {
  readonly quota: Quota;
  /** Most rows that were ever queued. */
  rowsPeak = 0;
  #ring: (Item | undefined)[] = new Array(CAPACITY_MIN).fill(undefined);
  #head = 0;
  #size = 0;

  constructor(bounds: QueueBounds) {
    this.quota = new Quota(bounds);
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Appends without asking for room: the caller has. */
  push(item: Item): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item;
    this.#size += 1;
    this.quota.add(itemRows(item), itemBytes(item));
    if (this.quota.rows > this.rowsPeak) this.rowsPeak = this.quota.rows;
  }

  shift(): Item | undefined {
    const item = this.#ring[this.#head];
    if (item === undefined) return undefined;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    this.quota.add(-itemRows(item), -itemBytes(item));
    return item;
  }

  clear(): void {
    while (this.shift() !== undefined);
  }

  #grow(): void {
    const ring = [...this.#ring.slice(this.#head), ...this.#ring.slice(0, this.#head)];
    this.#ring = ring.concat(new Array(ring.length).fill(undefined));
    this.#head = 0;
  }
}
