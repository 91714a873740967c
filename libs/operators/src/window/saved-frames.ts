import { deserialize, serialize } from 'node:v8';
import { EVERY_INSTANCE, type SnapshotEntry } from '@millrace/engine';
import type { Key } from '../contract/key.ts';
import type { KeySlots } from '../state/key-slots.ts';
import { RowLists } from '../state/row-lists.ts';
import type { WindowState } from './window-state.ts';

/** Version of the saved form; a reader of a later one has to know the earlier ones. In version 1 every frame has all keys. */
const VERSION = 2;
const POSITION_KEY = 'position';

/** Where the window stands; not by key. */
export interface SavedPosition {
  readonly version: number;
  readonly lastClosed: number;
  readonly watermarkMs: number;
}

export interface SavedFrame {
  readonly frame: number;
  /** Index of its first key; absent: 0. It has as many keys as values. */
  readonly first?: number;
  readonly columns: readonly (Float64Array | unknown[])[];
}

export interface SavedKeys {
  readonly version: number;
  /** The keys of the frames one after the other: a key is there once for each frame in which it has rows. */
  readonly keys: Int32Array | readonly Key[];
  readonly frames: readonly SavedFrame[];
}

/** An entry with the keys of these slots. `number` tells apart the entries of one instance. */
export function savedKeys(
  partition: number,
  number: number,
  keySlots: KeySlots,
  slots: readonly Int32Array[],
  count: number,
  frames: readonly SavedFrame[],
): SnapshotEntry {
  const { intKeys } = keySlots;
  let keys: Int32Array | Key[] = [];
  if (intKeys === undefined) {
    for (const part of slots) for (const slot of part) keys.push(keySlots.keyOf(slot));
  } else {
    keys = new Int32Array(count);
    let at = 0;
    for (const part of slots) for (const slot of part) keys[at++] = intKeys[slot]!;
  }
  const value = serialize({ version: VERSION, keys, frames } satisfies SavedKeys);
  return { partition, key: `keys-${number}`, value };
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

/** Puts saved keys and their accumulators back. A key and a frame are together in one entry only. */
export function restoreKeys(state: WindowState, { keys, frames }: SavedKeys): void {
  const { slots } = state;
  const found = new Int32Array(keys.length);
  slots.intern(keys, keys.length, found);
  for (const { frame, first = 0, columns } of frames) {
    const target = state.frames.open(frame, slots.capacity);
    for (const [index, column] of columns.entries()) {
      const into = target[index]!;
      for (let at = 0; at < column.length; at++) {
        const slot = found[first + at]!;
        if (!(into instanceof RowLists)) into[slot] = column[at] as never;
        else if (column[at] !== undefined) into.append(slot, column[at] as readonly unknown[]);
      }
    }
  }
}
