import type { CatalogTable } from '../preflight/table-catalog.ts';

/**
 * What one transaction of the load reads, about. A snapshot waits until the chunks in flight have been emitted, so a chunk must be small
 * enough for a slow sink; its transaction costs two or three milliseconds, so it must not be tiny either.
 */
const CHUNK_BYTES_TARGET = 4 * 1_048_576;
const CHUNK_ROWS_MIN = 500;
const CHUNK_ROWS_MAX = 20_000;
/** For a table that was never analysed. */
const ROW_BYTES_GUESS = 256;
/** Below this a table's size is mostly the unused part of its pages. */
const ROWS_TO_TRUST = 100;

/** Rows to read at once, from the average width of the table's rows. */
export function chunkRowsOf({ bytes, rowsEstimate }: CatalogTable): number {
  const rowBytes = rowsEstimate >= ROWS_TO_TRUST && bytes > 0 ? bytes / rowsEstimate : ROW_BYTES_GUESS;
  return Math.round(Math.min(CHUNK_ROWS_MAX, Math.max(CHUNK_ROWS_MIN, CHUNK_BYTES_TARGET / rowBytes)));
}
