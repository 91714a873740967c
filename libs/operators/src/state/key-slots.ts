import type { Key } from '../contract/key.ts';
import { type CanonicalKey, canonicalKey } from '../partition/canonical-key.ts';
import { hashKey, mix32, partitionOfHash } from '../partition/hash-key.ts';
import { HashedInts } from './hashed-ints.ts';
import type { IntTable } from './int-table.ts';
import { PagedInts } from './paged-ints.ts';

const CAPACITY_START = 1 << 11;
const FREE_START = 256;

/**
 * Gives every key a slot, a small number that indexes the columns of the state. Keys that are 32-bit integers are looked up in a table
 * indexed by the key while they lie close together, else in a hash table; with the first other key all keys move into a `Map`.
 */
export class KeySlots {
  /** Slots given out, free ones included: the length that columns need. */
  size = 0;
  /** Partition of each slot's key. */
  partitions = new Uint16Array(CAPACITY_START);
  #intKeys: Int32Array | undefined = new Int32Array(CAPACITY_START);
  readonly #newIntSlot = (key: number): number => {
    const slot = this.#newSlot(mix32(key));
    this.#intKeys![slot] = key;
    return slot;
  };
  #ints: IntTable = new PagedInts(this.#newIntSlot);
  #keys: Key[] = [];
  #byKey: Map<CanonicalKey, number> | undefined;
  /** Slots of removed keys, the next one to be given out last. */
  #free = new Int32Array(0);
  #freeCount = 0;

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
    return this.#ints.byteLength + this.partitions.byteLength + keys;
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
      this.#ints.remove(this.#intKeys![slot]!);
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
    this.#ints.clear();
    this.#freeCount = 0;
    for (let slot = this.size - 1; slot >= 0; slot--) {
      if (isFree[slot] === 0 && !isStale(slot)) continue;
      isFree[slot] = 1;
      this.#pushFree(slot);
    }
    this.#putAll(isFree);
  }

  /** Forgets all keys, and keeps room for as many if they were integers. */
  clear(): void {
    if (this.#byKey === undefined) {
      this.#ints.clear();
    } else {
      this.#byKey = undefined;
      this.#keys = [];
      this.#ints = new PagedInts(this.#newIntSlot);
      this.#intKeys = new Int32Array(this.capacity);
    }
    this.#freeCount = 0;
    this.size = 0;
  }

  #internInts(keys: Int32Array, count: number, slots: Int32Array): void {
    const ints = this.#ints;
    const done = ints.intern(keys, 0, count, slots);
    if (done < count) {
      this.#moveTo(new HashedInts(this.#newIntSlot));
      this.#ints.intern(keys, done, count, slots);
    } else if (ints instanceof HashedInts && ints.isDense) {
      this.#moveTo(new PagedInts(this.#newIntSlot, ints.greatest));
    }
  }

  #moveTo(ints: IntTable): void {
    this.#ints = ints;
    this.#putAll(this.#freeSlots());
  }

  /** Puts the keys of all slots that are not free into the table, which has none, or into a hash table if it can't take them. */
  #putAll(isFree: Uint8Array): void {
    for (let slot = 0; slot < this.size; slot++) {
      if (isFree[slot] === 1 || this.#ints.put(this.#intKeys![slot]!, slot)) continue;
      this.#ints = new HashedInts(this.#newIntSlot);
      slot = -1;
    }
  }

  #newSlot(hash: number): number {
    const slot = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.size++;
    if (slot >= this.partitions.length) {
      const length = this.partitions.length * 2;
      this.partitions = grown(this.partitions, new Uint16Array(length));
      if (this.#intKeys !== undefined) this.#intKeys = grown(this.#intKeys, new Int32Array(length));
    }
    this.partitions[slot] = partitionOfHash(hash);
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
    this.#ints = new PagedInts(this.#newIntSlot);
    return byKey;
  }

  #pushFree(slot: number): void {
    if (this.#freeCount === this.#free.length) {
      this.#free = grown(this.#free, new Int32Array(Math.max(FREE_START, this.#freeCount * 2)));
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
