/**
 * Rows as plain values. Values cross threads by structured clone or a codec, so they may hold no functions and no class
 * instances with behaviour.
 */
export interface RowBatch<Row = unknown> {
  readonly kind: 'rows';
  /** Number of rows. */
  readonly length: number;
  /** What the batch counts against a queue's byte limit: an estimate for rows. */
  readonly byteLength: number;
  readonly rows: readonly Row[];
  /** Event time of each row, milliseconds since 1970; absent where no stage has assigned timestamps. */
  readonly times?: Float64Array | undefined;
  /** As in `ByteBatch`. */
  readonly stream?: string | undefined;
}

/**
 * How a column keeps its values. `int32`, `float64` (also integers up to 2^53), `int64` (BigInt), `boolean` (0 or 1),
 * `string` (one joined text and offsets), `any` (JavaScript values as they are).
 */
export type ColumnType = 'int32' | 'float64' | 'int64' | 'boolean' | 'string' | 'any';

export interface ColumnField {
  /** Name of the property that a row object has for this column. */
  readonly name: string;
  readonly type: ColumnType;
}

/** The columns of a batch. Loops are generated once for each schema object, so a source uses one for all its batches. */
export interface ColumnSchema {
  readonly fields: readonly ColumnField[];
}

/** A string column: value i is `text.slice(offsets[i], offsets[i + 1])`. */
export interface StringColumn {
  readonly text: string;
  /** `length` + 1 offsets, UTF-16 units. */
  readonly offsets: Uint32Array;
}

export type ColumnValues = Int32Array | Float64Array | BigInt64Array | Uint8Array | StringColumn | readonly unknown[];

/** Rows kept column by column, in the order of the schema's fields. Arrays may be longer than `length`. */
export interface ColumnBatch {
  readonly kind: 'columns';
  readonly length: number;
  readonly byteLength: number;
  readonly schema: ColumnSchema;
  readonly columns: readonly ColumnValues[];
  /** By column: 1 where the value is null; `undefined` for a column without nulls. Absent when no column has any. */
  readonly nulls?: readonly (Uint8Array | undefined)[] | undefined;
  /** As in `RowBatch`. */
  readonly times?: Float64Array | undefined;
}

/**
 * Rows as bytes with offsets, in a format the engine does not look into (`format` names it, e.g. `change`).
 *
 * Plain data: it must survive structured clone. Every typed array at the top level owns the whole of its
 * `ArrayBuffer`, because an edge between threads transfers these buffers when nobody else reads the batch.
 */
export interface ByteBatch {
  readonly kind: 'bytes';
  readonly format: string;
  /** Number of rows; 0 is allowed when the batch carries only metadata (the end of a source transaction, the name of a stream). */
  readonly length: number;
  readonly byteLength: number;
  /**
   * Which of several streams of one source the rows come from (a partition of a topic). Each has a pace of its own, so event time is followed
   * for each. A batch without rows says that there is such a stream.
   */
  readonly stream?: string | undefined;
}

/** About 1,024 rows on an edge. Frozen once emitted: another processor may already be reading it. */
export type Batch = RowBatch | ColumnBatch | ByteBatch;

/** Most rows a processor should put into one batch. */
export const BATCH_ROWS_MAX = 1_024;

/** Rough bytes of a row in a `RowBatch`, where measuring would cost more than it saves. */
const ROW_BYTES_ESTIMATE = 256;

/** A batch of plain values, with the event time of each where there is one. */
export function rowBatch<Row>(
  rows: readonly Row[],
  byteLength = rows.length * ROW_BYTES_ESTIMATE,
  times?: Float64Array,
): RowBatch<Row> {
  return times === undefined
    ? { kind: 'rows', length: rows.length, byteLength, rows }
    : { kind: 'rows', length: rows.length, byteLength, rows, times };
}
