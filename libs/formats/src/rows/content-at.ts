import type { Readable } from 'node:stream';
import type { MillraceError } from '@millrace/kernel';

/** Where the bytes of an object or file come from, and how its connector calls what is wrong with them. What it throws is coded. */
export interface ContentAt {
  /** Compressed when it ends with `.gz` or `.zst`. */
  readonly name: string;
  open(): Promise<Readable>;
  /** Bytes. */
  size(): Promise<number>;
  /** Bytes from `start` to before `end`. */
  read(start: number, end: number): Promise<ArrayBuffer>;
  /** @param row from 1 */
  refused(row: number, reason: string, cause: unknown): MillraceError;
  /** A row group of Parquet has more bytes in the columns that are read than `bytesMax`. */
  tooLarge(bytesMax: number): MillraceError;
  /** Its bytes ended early; may pass. */
  cutOff(code: string, cause: unknown): MillraceError;
}
