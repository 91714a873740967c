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
  /** Partitions of the slots that had a key at the barrier. */
  readonly partitions: Uint16Array;
  /** `copy` keeps the values of a slot as the next copy. */
  constructor(size: number, partitions: Uint16Array, copy: (slot: number) => void) {
    this.size = size;
    this.partitions = partitions;
    this.#copyOf = new Int32Array(size);
    this.#copy = copy;
    this.#isWritten = new Uint8Array(PARTITION_COUNT);
  }

  /** These slots are about to change. */
  touch(slots: Int32Array, from: number, to: number): void {
    for (let index = from; index < to; index++) {
      const slot = slots[index]!;
      if (slot >= this.size || this.#copyOf[slot] !== 0 || this.#isWritten[this.partitions[slot]!] === 1) continue;
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

  /** Nothing is read any more: everything may change freely. */
  release(): void {
    this.#isWritten.fill(1);
  }
}
