import { deserialize, serialize } from 'node:v8';
import { EVERY_INSTANCE, PARTITION_COUNT, type SnapshotEntry, type SnapshotWriter } from '@millrace/engine';
import type { Key } from '../contract/key.ts';
import { type Accumulators, emptyValue, isNumeric } from '../state/accumulator-layout.ts';
import type { FrozenFrames, WindowState } from './window-state.ts';

/** Version of the saved form; a reader of a later one has to know the earlier ones. Version 1 has no `at`. */
const VERSION = 2;
/** Keys in one entry, so that an entry stays near 64 KiB. */
const KEYS_PER_ENTRY = 1_024;
/** Values written in one slice: well below a millisecond. */
const VALUES_PER_SLICE = 16_384;
/** What making an entry costs besides, in values. */
const VALUES_PER_ENTRY = 1_024;
const POSITION_KEY = 'position';

/** Where the window stands; not by key. */
export interface SavedPosition {
  readonly version: number;
  readonly lastClosed: number;
  readonly watermarkMs: number;
}

interface SavedFrame {
  readonly frame: number;
  /** Which keys have rows in this frame: indexes, in ascending order. Absent: all. */
  readonly at?: Uint16Array;
  /** Values, one for each of those keys. */
  readonly columns: readonly Accumulators[];
}

interface SavedKeys {
  readonly version: number;
  readonly keys: Int32Array | readonly Key[];
  readonly frames: readonly SavedFrame[];
}

/** Writes the frozen frames of one snapshot, a slice at a time. */
export class FramesWriter {
  readonly #state: WindowState;
  readonly #frozen: FrozenFrames;
  #partition = 0;
  /** How many slots of the partition have been written. */
  #from = 0;

  constructor(state: WindowState) {
    this.#state = state;
    this.#frozen = state.freeze();
  }

  /** `true`: everything has been written. */
  write(writer: SnapshotWriter): boolean {
    const { freezer, frames } = this.#frozen;
    const valuesPerKey = frames.length * this.#state.layout.columns.length;
    let values = 0;
    while (this.#partition < PARTITION_COUNT) {
      const slots = freezer.slotsOf(this.#partition);
      while (this.#from < slots.length) {
        if (values >= VALUES_PER_SLICE) return false;
        const own = slots.subarray(this.#from, this.#from + KEYS_PER_ENTRY);
        const entry = this.#entry(own, this.#from);
        if (entry !== undefined && !writer.offer(entry)) return false;
        this.#from += own.length;
        values += VALUES_PER_ENTRY + own.length * valuesPerKey;
      }
      freezer.written(this.#partition);
      this.#partition += 1;
      this.#from = 0;
    }
    this.#state.thaw();
    return true;
  }

  #entry(slots: Int32Array, from: number): SnapshotEntry | undefined {
    const { frames } = this.#frozen;
    const { layout, slots: keys } = this.#state;
    // Of a key only the frames where it has rows; a key without any is not saved.
    const counts = frames.map(({ columns, copies }) => this.#numbers(columns[0] as Float64Array, copies[0]!, slots, 0));
    const used = slots.filter((_, at) => counts.some((rows) => rows[at]! > 0));
    if (used.length === 0) return undefined;
    const position = positionsOf(slots, used);
    const { intKeys } = keys;
    const saved: SavedKeys = {
      version: VERSION,
      keys:
        intKeys === undefined
          ? Array.from(used, (slot) => keys.keyOf(slot))
          : Int32Array.from(used, (slot) => intKeys[slot]!),
      frames: frames.map(({ frame, columns, copies }, index): SavedFrame => {
        const rows = counts[index]!;
        const own = slots.filter((_, at) => rows[at]! > 0);
        return {
          frame,
          ...(own.length < used.length && { at: position.filter((_, at) => rows[at]! > 0) }),
          columns: layout.columns.map(({ op }, column): Accumulators =>
            isNumeric(op)
              ? this.#numbers(columns[column] as Float64Array, copies[column]!, own, emptyValue(op))
              : Array.from(own, (slot) => this.#value(columns[column]!, copies[column]!, slot)),
          ),
        };
      }),
    };
    return { partition: this.#partition, key: `keys-${from}`, value: serialize(saved) };
  }

  /** The values of these slots at the barrier. */
  #numbers(column: Float64Array, copies: readonly unknown[], slots: Int32Array, empty: number): Float64Array {
    const { freezer } = this.#frozen;
    const numbers = new Float64Array(slots.length);
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at]!;
      const copy = freezer.copyOf(slot);
      numbers[at] = copy >= 0 ? (copies[copy] as number) : slot < column.length ? column[slot]! : empty;
    }
    return numbers;
  }

  #value(column: Accumulators, copies: readonly unknown[], slot: number): unknown {
    const copy = this.#frozen.freezer.copyOf(slot);
    return copy >= 0 ? copies[copy] : column[slot];
  }
}

/** By index into `slots`: the index into `used`, which has some of them in the same order; what the others have means nothing. */
function positionsOf(slots: Int32Array, used: Int32Array): Uint16Array {
  const positions = new Uint16Array(slots.length);
  let next = 0;
  for (let at = 0; at < slots.length; at++) if (slots[at] === used[next]) positions[at] = next++;
  return positions;
}

export const savedPosition = (instance: number, position: Omit<SavedPosition, 'version'>): SnapshotEntry => ({
  partition: EVERY_INSTANCE,
  key: `${POSITION_KEY}-${instance}`,
  value: serialize({ version: VERSION, ...position } satisfies SavedPosition),
});

/** What an entry holds. */
export function readSaved({
  key,
  value,
}: SnapshotEntry):
  | { readonly kind: 'position'; readonly position: SavedPosition }
  | { readonly kind: 'keys'; readonly saved: SavedKeys } {
  if (key.startsWith(POSITION_KEY)) return { kind: 'position', position: deserialize(value) as SavedPosition };
  return { kind: 'keys', saved: deserialize(value) as SavedKeys };
}

/** Puts saved keys and their accumulators back. A key is in one entry only. */
export function restoreKeys(state: WindowState, { keys, frames }: SavedKeys): void {
  const { slots } = state;
  const found = new Int32Array(keys.length);
  slots.intern(keys, keys.length, found);
  for (const { frame, at, columns } of frames) {
    if (at?.length === 0) continue;
    const target = state.frames.open(frame, slots.capacity);
    const own = at === undefined ? found : Int32Array.from(at, (position) => found[position]!);
    for (const [index, column] of columns.entries()) {
      for (let from = 0; from < own.length; from++) target[index]![own[from]!] = column[from] as never;
    }
  }
}
