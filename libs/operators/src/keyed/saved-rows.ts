import { deserialize } from 'node:v8';
import type { SnapshotEntry, SnapshotWriter } from '@millrace/engine';
import { saved } from './saved-states.ts';

/** Rows in one entry of the snapshot, and written in one slice. */
const ROWS_PER_ENTRY = 1_024;

/** Saves a list of rows in chunks and puts it together again, in order. */
export class SavedRows {
  readonly #prefix: string;
  readonly #partition: number;
  #written = 0;
  #pending: SnapshotEntry | undefined;
  readonly #chunks = new Map<number, readonly unknown[]>();

  /** `prefix` tells its entries from others of the vertex. */
  constructor(prefix: string, partition: number) {
    this.#prefix = prefix;
    this.#partition = partition;
  }

  /** The next chunk of the first `size` rows; `true` when all have been written. The rows before `size` must stay as they are until then. */
  write(rows: readonly unknown[], size: number, writer: SnapshotWriter): boolean {
    if (this.#pending === undefined && this.#written < size) {
      const to = Math.min(this.#written + ROWS_PER_ENTRY, size);
      this.#pending = {
        partition: this.#partition,
        key: `${this.#prefix}${this.#written}`,
        value: saved(rows.slice(this.#written, to)),
      };
      this.#written = to;
    }
    if (this.#pending !== undefined && !writer.offer(this.#pending)) return false;
    this.#pending = undefined;
    if (this.#written < size) return false;
    this.#written = 0;
    return true;
  }

  /** `false`: the entry is another one. */
  collect({ key, value }: SnapshotEntry): boolean {
    if (!key.startsWith(this.#prefix)) return false;
    this.#chunks.set(Number(key.slice(this.#prefix.length)), deserialize(value) as readonly unknown[]);
    return true;
  }

  /** What has been collected, in the order it was saved in. */
  take(): readonly unknown[] {
    const starts = [...this.#chunks.keys()].sort((a, b) => a - b);
    const rows = starts.flatMap((start) => this.#chunks.get(start)!);
    this.#chunks.clear();
    return rows;
  }
}
