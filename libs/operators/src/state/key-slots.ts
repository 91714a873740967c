import { PARTITION_COUNT } from '@millrace/engine';
import type { Key } from '../contract/key.ts';
import { type CanonicalKey, canonicalKey } from '../partition/canonical-key.ts';
import { hashKey, mix32 } from '../partition/hash-key.ts';

const CAPACITY_START = 1 << 12;

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
  /** Slots of removed keys. */
  readonly #free: number[] = [];

  /** Room of the columns: they are grown when this grows. */
  get capacity(): number {
    return this.partitions.length;
  }

  get freeCount(): number {
    return this.#free.length;
  }

  get usedCount(): number {
    return this.size - this.#free.length;
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
    this.#free.push(slot);
  }

  /** Forgets the keys of all slots of which this is true. */
  removeWhere(isStale: (slot: number) => boolean): void {
    const known = new Set(this.#free);
    for (let slot = 0; slot < this.size; slot++) if (!known.has(slot) && isStale(slot)) this.remove(slot);
  }

  #internInts(keys: Int32Array, count: number, slots: Int32Array): void {
    let table = this.#table;
    let mask = this.#mask;
    for (let index = 0; index < count; index++) {
      const key = keys[index]!;
      let at = mix32(key) & mask;
      let slot = 0;
      for (;;) {
        slot = table[2 * at + 1]!;
        if (slot === 0) {
          slot = this.#addInt(key) + 1;
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

  #addInt(key: number): number {
    const hash = mix32(key);
    const slot = this.#newSlot(hash);
    this.#intKeys![slot] = key;
    // At most half full, so that probes stay short.
    if (this.usedCount * 2 > this.#mask + 1) this.#growTable();
    else this.#put(this.#table, this.#mask, key, slot);
    return slot;
  }

  #put(table: Int32Array, mask: number, key: number, slot: number): void {
    let at = mix32(key) & mask;
    while (table[2 * at + 1] !== 0) at = (at + 1) & mask;
    table[2 * at] = key;
    table[2 * at + 1] = slot + 1;
  }

  #growTable(): void {
    const free = new Set(this.#free);
    const capacity = (this.#mask + 1) * 2;
    const table = new Int32Array(capacity * 2);
    for (let slot = 0; slot < this.size; slot++) {
      if (free.size === 0 || !free.has(slot)) this.#put(table, capacity - 1, this.#intKeys![slot]!, slot);
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
    const slot = this.#free.pop() ?? this.size++;
    if (slot >= this.partitions.length) {
      const length = this.partitions.length * 2;
      this.partitions = grown(this.partitions, new Uint16Array(length));
      if (this.#intKeys !== undefined) this.#intKeys = grown(this.#intKeys, new Int32Array(length));
    }
    this.partitions[slot] = hash % PARTITION_COUNT;
    return slot;
  }

  #moveToMap(): Map<CanonicalKey, number> {
    const free = new Set(this.#free);
    const byKey = new Map<CanonicalKey, number>();
    for (let slot = 0; slot < this.size; slot++) {
      this.#keys[slot] = this.#intKeys![slot]!;
      if (!free.has(slot)) byKey.set(this.#intKeys![slot]!, slot);
    }
    this.#intKeys = undefined;
    this.#table = new Int32Array(0);
    return byKey;
  }
}

const KEY_BYTES_ESTIMATE = 100;
const ONE_KEY = new Int32Array(1);
const ONE_SLOT = new Int32Array(1);

function grown<A extends Uint16Array | Int32Array>(old: A, larger: A): A {
  larger.set(old as never);
  return larger;
}
