import { PARTITION_COUNT } from '@millrace/engine';
import type { Key } from '../contract/key.ts';
import { type CanonicalKey, canonicalKey } from '../partition/canonical-key.ts';
import { hashKey, mix32 } from '../partition/hash-key.ts';

const CAPACITY_START = 1 << 12;
/** Keys whose places in the table are read ahead of looking them up. */
const CHUNK = 256;
/** Smaller tables stay in the processor's caches anyway. */
const READ_AHEAD_CAPACITY_MIN = 1 << 15;

/**
 * Gives every key a slot, a small number that indexes the columns of the state. Keys that are 32-bit integers are looked up in an
 * open-addressing table (Knuth, TAOCP 3, §6.4, linear probing) with key and slot beside each other, so that a probe
 * touches one cache line; with the first other key all keys move into a `Map`.
 */
export class KeySlots {
  /** Slots given out, free ones included: the length that columns need. */
  size = 0;
  /** Partition of each slot's key. */
  partitions = new Uint16Array(CAPACITY_START / 2);
  #intKeys: Int32Array | undefined = new Int32Array(CAPACITY_START / 2);
  #table = new Int32Array(CAPACITY_START * 2);
  #mask = CAPACITY_START - 1;
  #keys: Key[] = [];
  #byKey: Map<CanonicalKey, number> | undefined;
  /** Slots of removed keys, the next one to be given out last. */
  #free = new Int32Array(0);
  #freeCount = 0;
  /** Where the keys of a chunk belong in the table. */
  readonly #homes = new Int32Array(CHUNK);
  /** Has no meaning: what is read ahead is kept so that reading it is not optimised away. */
  readAhead = 0;

  /** Room of the columns: they are grown when this grows. */
  get capacity(): number {
    return this.partitions.length;
  }

  get usedCount(): number {
    return this.size - this.#freeCount;
  }

  /** The keys by slot while all of them are 32-bit integers, else `undefined`. */
  get intKeys(): Int32Array | undefined {
    return this.#intKeys;
  }

  /** Bytes of the tables; keys that are objects or texts are an estimate. */
  get byteLength(): number {
    const keys = this.#intKeys === undefined ? this.size * KEY_BYTES_ESTIMATE : this.#intKeys.byteLength;
    return this.#table.byteLength + this.partitions.byteLength + keys;
  }

  keyOf(slot: number): Key {
    return this.#intKeys === undefined ? this.#keys[slot]! : this.#intKeys[slot]!;
  }

  /** Slots of `count` keys into `slots`; new keys get new slots. */
  intern(keys: Int32Array | readonly Key[], count: number, slots: Int32Array): void {
    if (keys instanceof Int32Array && this.#byKey === undefined) this.#internInts(keys, count, slots);
    else for (let index = 0; index < count; index++) slots[index] = this.slotOf(keys[index]!);
  }

  /** The slot of one key, a new one if need be. */
  slotOf(key: Key): number {
    if (this.#byKey === undefined) {
      if (typeof key === 'number' && (key | 0) === key) {
        ONE_KEY[0] = key;
        this.#internInts(ONE_KEY, 1, ONE_SLOT);
        return ONE_SLOT[0]!;
      }
      this.#byKey = this.#moveToMap();
    }
    const canonical = canonicalKey(key);
    const known = this.#byKey.get(canonical);
    if (known !== undefined) return known;
    const slot = this.#newSlot(hashKey(key));
    this.#byKey.set(canonical, slot);
    this.#keys[slot] = key;
    return slot;
  }

  /** Forgets the key of a slot; the slot is given to another key later. */
  remove(slot: number): void {
    if (this.#byKey === undefined) {
      this.#removeInt(this.#intKeys![slot]!);
    } else {
      this.#byKey.delete(canonicalKey(this.#keys[slot]!));
      this.#keys[slot] = undefined;
    }
    this.#pushFree(slot);
  }

  /** Forgets the keys of all slots of which this is true. */
  removeWhere(isStale: (slot: number) => boolean): void {
    const isFree = this.#freeSlots();
    if (this.#byKey !== undefined) {
      for (let slot = 0; slot < this.size; slot++) if (isFree[slot] === 0 && isStale(slot)) this.remove(slot);
      return;
    }
    // Mostly few are kept: putting those into an empty table is much less work than taking the others out one by one.
    const table = this.#table.fill(0);
    this.#freeCount = 0;
    for (let slot = this.size - 1; slot >= 0; slot--) {
      if (isFree[slot] === 1 || isStale(slot)) this.#pushFree(slot);
      else this.#put(table, this.#mask, this.#intKeys![slot]!, slot);
    }
  }

  /** Forgets all keys, and keeps room for as many if they were integers. */
  clear(): void {
    if (this.#byKey === undefined) {
      this.#table.fill(0);
    } else {
      this.#byKey = undefined;
      this.#keys = [];
      this.#table = new Int32Array((this.#mask + 1) * 2);
      this.#intKeys = new Int32Array(this.capacity);
    }
    this.#freeCount = 0;
    this.size = 0;
  }

  #internInts(keys: Int32Array, count: number, slots: Int32Array): void {
    const homes = this.#homes;
    for (let from = 0; from < count; from += CHUNK) {
      const to = Math.min(from + CHUNK, count);
      for (let index = from; index < to; index++) homes[index - from] = mix32(keys[index]!);
      if (this.#mask >= READ_AHEAD_CAPACITY_MIN) this.#readHomes(to - from);
      this.#internChunk(keys, from, to, slots);
    }
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
          slot = this.#addInt(key, homes[index - from]! >>> 0, at) + 1;
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

  /** Gives a key with this hash a slot; `at` is the empty place that was found for it. */
  #addInt(key: number, hash: number, at: number): number {
    const slot = this.#newSlot(hash);
    this.#intKeys![slot] = key;
    this.#table[2 * at] = key;
    this.#table[2 * at + 1] = slot + 1;
    // At most half full, so that probes stay short.
    if (this.usedCount * 2 > this.#mask + 1) this.#growTable();
    return slot;
  }

  #put(table: Int32Array, mask: number, key: number, slot: number): void {
    let at = mix32(key) & mask;
    while (table[2 * at + 1] !== 0) at = (at + 1) & mask;
    table[2 * at] = key;
    table[2 * at + 1] = slot + 1;
  }

  /** Entries move in the order of the old table, which is nearly that of the new one, so that both are walked from front to back. */
  #growTable(): void {
    const old = this.#table;
    const capacity = (this.#mask + 1) * 2;
    const table = new Int32Array(capacity * 2);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.#put(table, capacity - 1, old[at]!, old[at + 1]! - 1);
    }
    this.#table = table;
    this.#mask = capacity - 1;
  }

  /** Deletion without tombstones: what follows in the cluster moves up (Knuth, TAOCP 3, §6.4, algorithm R). */
  #removeInt(key: number): void {
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
  }

  #newSlot(hash: number): number {
    const slot = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.size++;
    if (slot >= this.partitions.length) {
      const length = this.partitions.length * 2;
      this.partitions = grown(this.partitions, new Uint16Array(length));
      if (this.#intKeys !== undefined) this.#intKeys = grown(this.#intKeys, new Int32Array(length));
    }
    this.partitions[slot] = hash % PARTITION_COUNT;
    return slot;
  }

  #moveToMap(): Map<CanonicalKey, number> {
    const isFree = this.#freeSlots();
    const byKey = new Map<CanonicalKey, number>();
    for (let slot = 0; slot < this.size; slot++) {
      this.#keys[slot] = this.#intKeys![slot]!;
      if (isFree[slot] === 0) byKey.set(this.#intKeys![slot]!, slot);
    }
    this.#intKeys = undefined;
    this.#table = new Int32Array(0);
    return byKey;
  }

  #pushFree(slot: number): void {
    if (this.#freeCount === this.#free.length) {
      this.#free = grown(this.#free, new Int32Array(Math.max(CHUNK, this.#freeCount * 2)));
    }
    this.#free[this.#freeCount++] = slot;
  }

  /** By slot: 1 where its key was removed. */
  #freeSlots(): Uint8Array {
    const isFree = new Uint8Array(this.size);
    for (let index = 0; index < this.#freeCount; index++) isFree[this.#free[index]!] = 1;
    return isFree;
  }
}

const KEY_BYTES_ESTIMATE = 100;
const ONE_KEY = new Int32Array(1);
const ONE_SLOT = new Int32Array(1);

function grown<A extends Uint16Array | Int32Array>(old: A, larger: A): A {
  larger.set(old as never);
  return larger;
}
