import { deserialize, serialize } from 'node:v8';
import { EVERY_INSTANCE, PARTITION_COUNT, type SnapshotEntry, type SnapshotWriter } from '@millrace/engine';
import type { Key } from '../contract/key.ts';
import { type Accumulators, emptyValue, isNumeric } from '../state/accumulator-layout.ts';
import type { FrozenFrames, WindowState } from './window-state.ts';

/** Version of the saved form; a reader of a later one has to know the earlier ones. */
const VERSION = 1;
/** Keys in one entry, so that an entry stays near 64 KiB. */
const KEYS_PER_ENTRY = 1_024;
/** Partitions written in one slice. */
const PARTITIONS_PER_SLICE = 4;
const POSITION_KEY = 'position';

/** Where the window stands; not by key. */
export interface SavedPosition {
  readonly version: number;
  readonly lastClosed: number;
  readonly watermarkMs: number;
}

export interface SavedKeys {
  readonly version: number;
  readonly keys: Int32Array | readonly Key[];
  /** By frame: columns of values, one for each key. */
  readonly frames: readonly { readonly frame: number; readonly columns: readonly Accumulators[] }[];
}

/** Writes the frozen frames of one snapshot, a few partitions at a time. */
export class FramesWriter {
  readonly #state: WindowState;
  readonly #frozen: FrozenFrames;
  #partition = 0;

  constructor(state: WindowState) {
    this.#state = state;
    this.#frozen = state.freeze();
  }

  /** `true`: everything has been written. */
  write(writer: SnapshotWriter): boolean {
    const end = Math.min(this.#partition + PARTITIONS_PER_SLICE, PARTITION_COUNT);
    for (; this.#partition < end; this.#partition++) {
      const slots = this.#frozen.freezer.slotsOf(this.#partition);
      for (let from = 0; from < slots.length; from += KEYS_PER_ENTRY) {
        const entry = this.#entry(slots.subarray(from, from + KEYS_PER_ENTRY), from);
        if (entry !== undefined && !writer.offer(entry)) return false;
      }
      this.#frozen.freezer.written(this.#partition);
    }
    if (this.#partition < PARTITION_COUNT) return false;
    this.#state.thaw();
    return true;
  }

  #entry(slots: Int32Array, from: number): SnapshotEntry | undefined {
    const { freezer, frames } = this.#frozen;
    // Only keys with rows in some frame, and of a frame only what it has.
    const used = slots.filter((slot) =>
      frames.some(({ columns, copies }) => this.#value(0, columns, copies, freezer.copyOf(slot), slot) !== 0),
    );
    if (used.length === 0) return undefined;
    const { layout, slots: keys } = this.#state;
    const { intKeys } = keys;
    const saved: SavedKeys = {
      version: VERSION,
      keys:
        intKeys === undefined
          ? Array.from(used, (slot) => keys.keyOf(slot))
          : Int32Array.from(used, (slot) => intKeys[slot]!),
      frames: frames.map(({ frame, columns, copies }) => ({
        frame,
        columns: layout.columns.map(({ op }, index): Accumulators => {
          const read = (slot: number): unknown => this.#value(index, columns, copies, freezer.copyOf(slot), slot);
          return isNumeric(op) ? Float64Array.from(used, read as (slot: number) => number) : Array.from(used, read);
        }),
      })),
    };
    return { partition: this.#partition, key: `keys-${from}`, value: serialize(saved) };
  }

  #value(
    index: number,
    columns: readonly Accumulators[],
    copies: readonly unknown[][],
    copy: number,
    slot: number,
  ): unknown {
    if (copy >= 0) return copies[index]![copy];
    const column = columns[index]!;
    if (slot < column.length) return column[slot];
    const { op } = this.#state.layout.columns[index]!;
    return isNumeric(op) ? emptyValue(op) : undefined;
  }
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
  | { readonly kind: 'position'; readonly instance: number; readonly position: SavedPosition }
  | { readonly kind: 'keys'; readonly saved: SavedKeys } {
  if (key.startsWith(POSITION_KEY)) {
    const instance = Number(key.slice(POSITION_KEY.length + 1));
    return { kind: 'position', instance, position: deserialize(value) as SavedPosition };
  }
  return { kind: 'keys', saved: deserialize(value) as SavedKeys };
}

/** Puts saved keys and their accumulators back. A key is in one entry only. */
export function restoreKeys(state: WindowState, { keys, frames }: SavedKeys): void {
  const { slots } = state;
  const found = new Int32Array(keys.length);
  slots.intern(keys, keys.length, found);
  for (const { frame, columns } of frames) {
    const target = state.frames.open(frame, slots.capacity);
    for (const [index, column] of columns.entries()) {
      for (let at = 0; at < found.length; at++) target[index]![found[at]!] = column[at] as never;
    }
  }
}
