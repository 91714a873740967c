import { mix32 } from '../partition/hash-key.ts';
import type { IntTable, NewSlot } from './int-table.ts';
import { areDense } from './paged-ints.ts';

const CAPACITY_START = 1 << 12;
/** Keys whose places in the table are read ahead of looking them up. */
const CHUNK = 256;
/** Smaller tables stay in the processor's caches anyway. */
const READ_AHEAD_CAPACITY_MIN = 1 << 15;

/**
 * Slots of any integers, in an open-addressing table (Knuth, TAOCP 3, §6.4, linear probing) with key and slot beside each other, so
 * that a probe touches one cache line.
 */
export class HashedInts implements IntTable {
  readonly #newSlot: NewSlot;
  #table = new Int32Array(CAPACITY_START * 2);
  #mask = CAPACITY_START - 1;
  #count = 0;
  /** Of all keys there ever were, as an unsigned number. */
  greatest = 0;
  /** Where the keys of a chunk belong in the table. */
  readonly #homes = new Int32Array(CHUNK);
  /** Has no meaning: what is read ahead is kept so that reading it is not optimised away. */
  readAhead = 0;

  constructor(newSlot: NewSlot) {
    this.#newSlot = newSlot;
  }

  /** The keys lie so close together that a table in pages is smaller, and stays so for a while. */
  get isDense(): boolean {
    return areDense(this.greatest, this.#count);
  }

  get byteLength(): number {
    return this.#table.byteLength;
  }

  intern(keys: Int32Array, start: number, count: number, slots: Int32Array): number {
    const homes = this.#homes;
    for (let from = start; from < count; from += CHUNK) {
      const to = Math.min(from + CHUNK, count);
      for (let index = from; index < to; index++) homes[index - from] = mix32(keys[index]!);
      if (this.#mask >= READ_AHEAD_CAPACITY_MIN) this.#readHomes(to - from);
      this.#internChunk(keys, from, to, slots);
    }
    return count;
  }

  put(key: number, slot: number): boolean {
    this.#place(this.#table, this.#mask, key, slot);
    this.#added(key);
    return true;
  }

  /** Deletion without tombstones: what follows in the cluster moves up (Knuth, TAOCP 3, §6.4, algorithm R). */
  remove(key: number): void {
    const table = this.#table;
    const mask = this.#mask;
    let hole = mix32(key) & mask;
    while (table[2 * hole] !== key || table[2 * hole + 1] === 0) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; table[2 * at + 1] !== 0; at = (at + 1) & mask) {
      const home = mix32(table[2 * at]!) & mask;
      // It may move up when its home does not lie between the hole and its place.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[2 * hole] = table[2 * at]!;
      table[2 * hole + 1] = table[2 * at + 1]!;
      hole = at;
    }
    table[2 * hole] = 0;
    table[2 * hole + 1] = 0;
    this.#count -= 1;
  }

  clear(): void {
    this.#table.fill(0);
    this.#count = 0;
  }

  /**
   * Reads the places where the keys of a chunk are likely to be. The reads do not depend on each other, so the processor waits for many
   * at a time, and not for each as in the look-up, where what comes next depends on what is read.
   */
  #readHomes(count: number): void {
    const table = this.#table;
    const mask = this.#mask;
    const homes = this.#homes;
    let read = 0;
    for (let index = 0; index < count; index++) read ^= table[2 * (homes[index]! & mask)]!;
    this.readAhead = read;
  }

  #internChunk(keys: Int32Array, from: number, to: number, slots: Int32Array): void {
    const homes = this.#homes;
    let table = this.#table;
    let mask = this.#mask;
    for (let index = from; index < to; index++) {
      const key = keys[index]!;
      let at = homes[index - from]! & mask;
      let slot = 0;
      for (;;) {
        slot = table[2 * at + 1]!;
        if (slot === 0) {
          slot = this.#newSlot(key) + 1;
          table[2 * at] = key;
          table[2 * at + 1] = slot;
          this.#added(key);
          table = this.#table;
          mask = this.#mask;
          break;
        }
        if (table[2 * at] === key) break;
        at = (at + 1) & mask;
      }
      slots[index] = slot - 1;
    }
  }

  /** At most half full, so that probes stay short. */
  #added(key: number): void {
    this.#count += 1;
    if (key >>> 0 > this.greatest) this.greatest = key >>> 0;
    if (this.#count * 2 > this.#mask + 1) this.#grow();
  }

  #place(table: Int32Array, mask: number, key: number, slot: number): void {
    let at = mix32(key) & mask;
    while (table[2 * at + 1] !== 0) at = (at + 1) & mask;
    table[2 * at] = key;
    table[2 * at + 1] = slot + 1;
  }

  /** Entries move in the order of the old table, which is nearly that of the new one, so that both are walked from front to back. */
  #grow(): void {
    const old = this.#table;
    const capacity = (this.#mask + 1) * 2;
    const table = new Int32Array(capacity * 2);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.#place(table, capacity - 1, old[at]!, old[at + 1]! - 1);
    }
    this.#table = table;
    this.#mask = capacity - 1;
  }
}
