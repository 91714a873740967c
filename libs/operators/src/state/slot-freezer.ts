import { PARTITION_COUNT } from '@millrace/engine';

/**
 * Copy on write for one snapshot, by slot: while the snapshot is being written, whoever is about to change a slot calls `touch`, and the
 * slot's values are copied first if they have not been written yet. Freezing costs nothing, whatever the size of the state; a touched
 * slot costs one copy. (By slot and not by page, because keys come in random order: pages would all be copied at once.)
 */
export class SlotFreezer {
  /** Slots that existed at the barrier. */
  readonly size: number;
  /** Number of the copy of a slot's values plus one; 0 while they are still the live ones (so that nothing needs to be filled in). */
  readonly #copyOf: Int32Array;
  readonly #copy: (slot: number) => void;
  #copies = 0;
  readonly #isWritten: Uint8Array;
  readonly #partitions: Uint16Array;
  /** Slots by partition: partition p has `order[starts[p]]` to `order[starts[p + 1] - 1]`. */
  #order: Int32Array | undefined;
  readonly #starts = new Int32Array(PARTITION_COUNT + 1);

  /** `copy` keeps the values of a slot as the next copy. */
  constructor(size: number, partitions: Uint16Array, copy: (slot: number) => void) {
    this.size = size;
    this.#partitions = partitions;
    this.#copyOf = new Int32Array(size);
    this.#copy = copy;
    this.#isWritten = new Uint8Array(PARTITION_COUNT);
  }

  /** These slots are about to change. */
  touch(slots: Int32Array, from: number, to: number): void {
    for (let index = from; index < to; index++) {
      const slot = slots[index]!;
      if (slot >= this.size || this.#copyOf[slot] !== 0 || this.#isWritten[this.#partitions[slot]!] === 1) continue;
      this.#copyOf[slot] = ++this.#copies;
      this.#copy(slot);
    }
  }

  /** Number of the copy of a slot's values; -1: the live ones are still those of the barrier. */
  copyOf(slot: number): number {
    return this.#copyOf[slot]! - 1;
  }

  /** The slots of this partition have been written: they may change freely. */
  written(partition: number): void {
    this.#isWritten[partition] = 1;
  }

  /** The slots of a partition, in ascending order. */
  slotsOf(partition: number): Int32Array {
    this.#order ??= this.#sort();
    return this.#order.subarray(this.#starts[partition], this.#starts[partition + 1]);
  }

  /** Counting sort (Knuth, TAOCP 3, §5.2, algorithm D). */
  #sort(): Int32Array {
    const starts = this.#starts;
    const partitions = this.#partitions;
    for (let slot = 0; slot < this.size; slot++) starts[partitions[slot]! + 1]! += 1;
    for (let partition = 0; partition < PARTITION_COUNT; partition++) starts[partition + 1]! += starts[partition]!;
    const next = starts.slice(0, PARTITION_COUNT);
    const order = new Int32Array(this.size);
    for (let slot = 0; slot < this.size; slot++) {
      const partition = partitions[slot]!;
      order[next[partition]!] = slot;
      next[partition]! += 1;
    }
    return order;
  }
}
