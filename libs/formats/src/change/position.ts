import { errorCode, MillraceError } from '@millrace/kernel';

/** A place in PostgreSQL's write-ahead log. https://www.postgresql.org/docs/current/datatype-pg-lsn.html */
export type Lsn = bigint & { readonly brand: unique symbol };

export const MalformedPosition = errorCode('formats.malformed_position', {
  domain: 'user',
  retry: 'never',
  title: 'Not a position',
});

export const lsn = (value: bigint): Lsn => value as Lsn;

/**
 * Reads `16/B374D848`.
 * @throws MillraceError `formats.malformed_position`
 */
export function parseLsn(text: string): Lsn {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text);
  if (match === null) {
    throw new MillraceError(MalformedPosition, {
      message: `"${text}" is not a log sequence number`,
      mend: 'Write it as PostgreSQL does, for example 16/B374D848.',
    });
  }
  return ((BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`)) as Lsn;
}

export function formatLsn(value: Lsn): string {
  return `${(value >> 32n).toString(16).toUpperCase()}/${(value & 0xffff_ffffn).toString(16).toUpperCase()}`;
}

/**
 * Place of one change event in its source: the LSN of its transaction's commit record, then its index in the transaction
 * (0-based, counting all events the source was asked for). Totally ordered, unique, the same after a replay.
 */
export interface Position {
  readonly commitLsn: Lsn;
  readonly index: number;
}

export function comparePositions(a: Position, b: Position): number {
  if (a.commitLsn !== b.commitLsn) return a.commitLsn < b.commitLsn ? -1 : 1;
  return a.index - b.index;
}
