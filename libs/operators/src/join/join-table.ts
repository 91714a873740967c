import { EVERY_INSTANCE, type SnapshotEntry, type SnapshotWriter } from '@millrace/engine';
import type { Key, KeyOf } from '../contract/key.ts';
import { SavedRows } from '../keyed/saved-rows.ts';
import { type CanonicalKey, canonicalKey } from '../partition/canonical-key.ts';

/** Rows of a bounded input by key. It only grows, so its first `size` rows are what a barrier saw. */
export class JoinTable {
  readonly #rows: unknown[] = [];
  readonly #byKey = new Map<CanonicalKey, unknown[]>();
  readonly #keyOf: KeyOf;
  readonly #saved: SavedRows;

  /** `prefix` tells its saved entries from those of others. */
  constructor(prefix: string, keyOf: KeyOf) {
    this.#keyOf = keyOf;
    this.#saved = new SavedRows(prefix, EVERY_INSTANCE);
  }

  get size(): number {
    return this.#rows.length;
  }

  add(row: unknown): void {
    this.#rows.push(row);
    const key = canonicalKey(this.#keyOf(row));
    const rows = this.#byKey.get(key);
    if (rows === undefined) this.#byKey.set(key, [row]);
    else rows.push(row);
  }

  find(key: Key): readonly unknown[] | undefined {
    return this.#byKey.get(canonicalKey(key));
  }

  /** A slice of the first `size` rows; `true` when all have been written. */
  write(size: number, writer: SnapshotWriter): boolean {
    return this.#saved.write(this.#rows, size, writer);
  }

  restore(entry: SnapshotEntry): void {
    this.#saved.collect(entry);
  }

  restoreFinished(): void {
    for (const row of this.#saved.take()) this.add(row);
  }
}
