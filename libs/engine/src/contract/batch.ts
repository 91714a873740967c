/**
 * Rows as plain values. Values cross threads by structured clone, so they may hold no functions and no class
 * instances with behaviour.
 */
export interface RowBatch<Row = unknown> {
  readonly kind: 'rows';
  /** Number of rows. */
  readonly length: number;
  /** What the batch counts against a queue's byte limit: an estimate for rows. */
  readonly byteLength: number;
  readonly rows: readonly Row[];
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
  /** Number of rows; 0 is allowed when the batch carries only metadata (the end of a source transaction). */
  readonly length: number;
  readonly byteLength: number;
}

/** About 1,024 rows on an edge. Frozen once emitted: another processor may already be reading it. */
export type Batch = RowBatch | ByteBatch;

/** Most rows a processor should put into one batch. */
export const BATCH_ROWS_MAX = 1_024;

/** Rough bytes of a row in a `RowBatch`, where measuring would cost more than it saves. */
const ROW_BYTES_ESTIMATE = 256;

/** A batch of plain values. */
export function rowBatch<Row>(rows: readonly Row[], byteLength = rows.length * ROW_BYTES_ESTIMATE): RowBatch<Row> {
  return { kind: 'rows', length: rows.length, byteLength, rows };
}
