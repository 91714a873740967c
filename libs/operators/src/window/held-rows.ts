import type { ColumnBatch, ColumnSchema } from '@millrace/engine';
import { gather, type Numbers } from '../partition/gather.ts';

/** Batches are put together up to so many rows: a batch has a price of its own, above all between threads. */
const ROWS_MAX = 4_096;
const ROWS_MIN = 256;

/** Rows in columns of numbers, with their keys and frames, put together from parts of several batches. */
export class HeldRows {
  readonly schema: ColumnSchema;
  readonly keys: Int32Array;
  readonly frames: Float64Array;
  readonly columns: readonly Numbers[];
  count = 0;
  readonly #capacity: number;

  constructor(like: ColumnBatch, capacity: number) {
    this.schema = like.schema;
    this.keys = new Int32Array(capacity);
    this.frames = new Float64Array(capacity);
    this.columns = like.columns.map((column) => new (column.constructor as new (length: number) => Numbers)(capacity));
    this.#capacity = capacity;
  }

  /** Room for this batch, and as much more as the rows before have needed. */
  static after(before: HeldRows | undefined, like: ColumnBatch, count: number): HeldRows {
    const wanted =
      before === undefined ? 0 : before.hasRoomFor(before.#capacity >> 1) ? before.count : 2 * before.#capacity;
    return new HeldRows(like, Math.max(count, Math.min(ROWS_MAX, Math.max(ROWS_MIN, wanted))));
  }

  /** Only columns of numbers can be put together in place. */
  static canHold({ columns }: ColumnBatch, keys: unknown): boolean {
    return (
      keys instanceof Int32Array &&
      columns.every(
        (column) => column instanceof Int32Array || column instanceof Float64Array || column instanceof Uint8Array,
      )
    );
  }

  hasRoomFor(count: number): boolean {
    return this.count + count <= this.#capacity;
  }

  /** Adds the rows of `batch` with the numbers `indexes`; the first `count` of keys and frames are theirs. */
  add(batch: ColumnBatch, indexes: Int32Array, keys: Int32Array, frames: Float64Array, count: number): void {
    const to = this.count;
    this.keys.set(keys.subarray(0, count), to);
    this.frames.set(frames.subarray(0, count), to);
    const own = indexes.subarray(0, count);
    for (let column = 0; column < this.columns.length; column++) {
      gather(batch.columns[column] as Numbers, own, this.columns[column]!, to);
    }
    this.count = to + count;
  }

  /** The rows as a batch. */
  rows(): ColumnBatch {
    const { schema, columns, count: length } = this;
    const rowBytes = columns.reduce((bytes, column) => bytes + column.BYTES_PER_ELEMENT, 0);
    return { kind: 'columns', length, byteLength: rowBytes * length, schema, columns };
  }
}
