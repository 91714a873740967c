import { PARTITION_COUNT, type SnapshotEntry, type SnapshotWriter } from '@millrace/engine';
import { isNumeric } from '../state/accumulator-layout.ts';
import { FrameCopy } from './frame-copy.ts';
import { type SavedFrame, savedKeys } from './saved-frames.ts';
import type { FrozenFrames, WindowState } from './window-state.ts';

/** Values dealt with in one slice: about a millisecond. */
const VALUES_PER_SLICE = 65_536;
/** What making an entry costs besides, in values. */
const VALUES_PER_ENTRY = 4_096;
/** Keys of all frames in one entry, so that an entry stays near 64 KiB. */
const KEYS_PER_ENTRY = 4_096;
/** Slots collected in one go. */
const SLOTS_PER_STEP = 4_096;

/**
 * Writes the frozen frames of one snapshot, a slice at a time: first what they hold is collected, frame by frame; then each frame is sorted
 * by partition; then the partitions are written.
 */
export class FramesWriter {
  readonly #state: WindowState;
  readonly #frozen: FrozenFrames;
  readonly #copies: readonly FrameCopy[];
  readonly #valuesPerSlot: number;
  readonly #isNumeric: boolean;
  #slot = 0;
  #sorted = 0;
  #partition = 0;
  /** Of the partition being written: the frame, and how many of its keys have been written. */
  #frame = 0;
  #skip = 0;
  #entries = 0;
  #refused: SnapshotEntry | undefined;

  constructor(state: WindowState) {
    this.#state = state;
    this.#frozen = state.freeze();
    const { freezer, frames } = this.#frozen;
    this.#copies = frames.map((frame) => new FrameCopy(state, frame, freezer));
    this.#valuesPerSlot = frames.length * state.layout.columns.length;
    this.#isNumeric = state.layout.columns.every(({ op }) => isNumeric(op));
  }

  /** `true`: everything has been written. */
  write(writer: SnapshotWriter): boolean {
    const { freezer } = this.#frozen;
    for (let values = 0; values < VALUES_PER_SLICE; ) {
      if (this.#slot < freezer.size) {
        values += this.#collect();
      } else if (this.#sorted < this.#copies.length) {
        this.#copies[this.#sorted++]!.sort(freezer.partitions);
        values += VALUES_PER_SLICE / 4;
      } else if (this.#partition < PARTITION_COUNT) {
        const entry = this.#refused ?? this.#nextEntry();
        this.#refused = entry;
        if (entry !== undefined && !writer.offer(entry)) return false;
        this.#refused = undefined;
        values += entry === undefined ? 1 : VALUES_PER_ENTRY + entry.value.length / 8;
      } else {
        this.#state.thaw();
        return true;
      }
    }
    return false;
  }

  #collect(): number {
    const { freezer } = this.#frozen;
    const to = Math.min(this.#slot + SLOTS_PER_STEP, freezer.size);
    for (const copy of this.#copies) copy.collect(this.#slot, to);
    const values = (to - this.#slot) * this.#valuesPerSlot;
    this.#slot = to;
    // Numbers have been copied: nothing has to be kept from changing any more.
    if (to === freezer.size && this.#isNumeric) freezer.release();
    return values;
  }

  /** The next entry of the partition; `undefined` at its end. */
  #nextEntry(): SnapshotEntry | undefined {
    const frames: SavedFrame[] = [];
    const slots: Int32Array[] = [];
    let count = 0;
    while (this.#frame < this.#copies.length && count < KEYS_PER_ENTRY) {
      const copy = this.#copies[this.#frame]!;
      const part = copy.part(this.#partition, this.#skip, KEYS_PER_ENTRY - count);
      if (part.slots.length > 0) {
        frames.push({ frame: copy.frame, first: count, columns: part.columns });
        slots.push(part.slots);
      }
      count += part.slots.length;
      this.#skip += part.slots.length;
      if (count === KEYS_PER_ENTRY) break;
      this.#frame += 1;
      this.#skip = 0;
    }
    if (count > 0) return savedKeys(this.#partition, this.#entries++, this.#state.slots, slots, count, frames);
    this.#frozen.freezer.written(this.#partition);
    this.#partition += 1;
    this.#frame = 0;
    this.#skip = 0;
    return undefined;
  }
}
