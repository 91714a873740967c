import { hash } from 'node:crypto';
import { MillraceError } from '@millrace/kernel';
import { OverlapTooLarge } from '../errors.ts';

/** Rows that are remembered: about 5 MiB of state. */
const ROWS_MAX = 100_000;
const HASH_CHARACTERS = 16;

/** Of a row as it was read: one that has changed since is another, even with the same key and watermark. */
export const rowHash = (tuple: Uint8Array): string => hash('sha256', tuple, 'base64url').slice(0, HASH_CHARACTERS);

/** The rows within the overlap that have been handed on, with their watermarks. */
export class RecentRows {
  readonly #watermarks = new Map<string, bigint>();

  has(row: string): boolean {
    return this.#watermarks.has(row);
  }

  add(rows: readonly (readonly [row: string, watermark: bigint])[]): void {
    for (const [row, watermark] of rows) this.#watermarks.set(row, watermark);
  }

  /** Forgets what no look will find again. @throws MillraceError `jdbc.overlap_too_large` */
  keepFrom(least: bigint): void {
    for (const [row, watermark] of this.#watermarks) if (watermark < least) this.#watermarks.delete(row);
    if (this.#watermarks.size <= ROWS_MAX) return;
    throw new MillraceError(OverlapTooLarge, {
      message: `more than ${ROWS_MAX} rows are within the overlap, and each has to be remembered`,
      mend: 'Make "overlap" shorter.',
      pointer: '/overlap',
    });
  }

  save(): readonly (readonly [string, string])[] {
    return [...this.#watermarks].map(([row, watermark]) => [row, String(watermark)]);
  }

  restore(saved: readonly (readonly [string, string])[]): void {
    for (const [row, watermark] of saved) this.#watermarks.set(row, BigInt(watermark));
  }
}
