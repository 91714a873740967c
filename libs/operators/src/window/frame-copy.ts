import { PARTITION_COUNT } from '@millrace/engine';
import { accumulatorAt, isNumeric } from '../state/accumulator-layout.ts';
import type { SlotFreezer } from '../state/slot-freezer.ts';
import type { FrozenFrames, WindowState } from './window-state.ts';

type FrozenFrame = FrozenFrames['frames'][number];

/** Keys of one partition with rows in one frame, and their accumulators at the barrier. */
export interface FramePart {
  readonly slots: Int32Array;
  readonly columns: readonly (Float64Array | unknown[])[];
}

/**
 * What one frame held at the barrier: collected in the order of the slots, which reads memory from front to back, then sorted by
 * partition. Numbers are copied; objects stay where they are, protected by the freezer until they are written.
 */
export class FrameCopy {
  readonly frame: number;
  readonly #state: WindowState;
  readonly #frozen: FrozenFrame;
  readonly #freezer: SlotFreezer;
  #count = 0;
  #slots = new Int32Array(0);
  /** By column; absent where it has objects. */
  readonly #numbers: (Float64Array | undefined)[];
  /** Partition p has rows `starts[p]` to `starts[p + 1]` once sorted. */
  readonly #starts = new Int32Array(PARTITION_COUNT + 1);

  constructor(state: WindowState, frozen: FrozenFrame, freezer: SlotFreezer) {
    this.frame = frozen.frame;
    this.#state = state;
    this.#frozen = frozen;
    this.#freezer = freezer;
    this.#numbers = state.layout.columns.map(({ op }) => (isNumeric(op) ? new Float64Array(0) : undefined));
  }

  /** Copies the slots `from` to `to` that have rows in this frame. */
  collect(from: number, to: number): void {
    const { columns, copies } = this.#frozen;
    const freezer = this.#freezer;
    this.#reserve(this.#count + to - from);
    const slots = this.#slots;
    const rows = columns[0] as Float64Array;
    const rowCopies = copies[0] as number[];
    const first = this.#count;
    let count = first;
    for (let slot = from; slot < to; slot++) {
      const copy = freezer.copyOf(slot);
      if (copy >= 0 ? rowCopies[copy]! > 0 : rows[slot]! > 0) slots[count++] = slot;
    }
    this.#numbers.forEach((numbers, column) => {
      if (numbers === undefined) return;
      const values = columns[column] as Float64Array;
      for (let at = first; at < count; at++) {
        const copy = freezer.copyOf(slots[at]!);
        numbers[at] = copy >= 0 ? (copies[column]![copy] as number) : values[slots[at]!]!;
      }
    });
    this.#count = count;
  }

  /** Counting sort by partition (Knuth, TAOCP 3, §5.2, algorithm D). */
  sort(partitions: Uint16Array): void {
    const slots = this.#slots;
    const starts = this.#starts;
    for (let at = 0; at < this.#count; at++) starts[partitions[slots[at]!]! + 1]! += 1;
    for (let partition = 0; partition < PARTITION_COUNT; partition++) starts[partition + 1]! += starts[partition]!;
    const next = starts.slice(0, PARTITION_COUNT);
    const places = new Int32Array(this.#count);
    for (let at = 0; at < this.#count; at++) {
      const partition = partitions[slots[at]!]!;
      places[at] = next[partition]!;
      next[partition]! += 1;
    }
    this.#slots = placed(slots, places, new Int32Array(this.#count));
    this.#numbers.forEach((numbers, column) => {
      if (numbers !== undefined) this.#numbers[column] = placed(numbers, places, new Float64Array(this.#count));
    });
  }

  /** At most `countMax` keys of this partition, after the first `skip`. */
  part(partition: number, skip: number, countMax: number): FramePart {
    const from = this.#starts[partition]! + skip;
    const to = Math.min(from + countMax, this.#starts[partition + 1]!);
    const slots = this.#slots.subarray(from, to);
    const columns = this.#numbers.map((numbers, column) => numbers?.subarray(from, to) ?? this.#objects(column, slots));
    return { slots, columns };
  }

  #objects(column: number, slots: Int32Array): unknown[] {
    const { columns, copies } = this.#frozen;
    return Array.from(slots, (slot) => {
      const copy = this.#freezer.copyOf(slot);
      return copy >= 0 ? copies[column]![copy] : accumulatorAt(columns[column]!, slot);
    });
  }

  #reserve(length: number): void {
    if (this.#slots.length >= length) return;
    const larger = Math.min(Math.max(length, this.#slots.length * 2), this.#state.slots.size + length);
    const slots = new Int32Array(larger);
    slots.set(this.#slots);
    this.#slots = slots;
    this.#numbers.forEach((numbers, column) => {
      if (numbers === undefined) return;
      const grown = new Float64Array(larger);
      grown.set(numbers);
      this.#numbers[column] = grown;
    });
  }
}

function placed<A extends Int32Array | Float64Array>(from: A, places: Int32Array, to: A): A {
  for (let at = 0; at < places.length; at++) to[places[at]!] = from[at]!;
  return to;
}
