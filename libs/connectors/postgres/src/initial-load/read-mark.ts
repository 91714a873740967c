import { type Lsn, lsn, parseLsn } from '@millrace/formats';
import type { ReadMark } from './load-unit.ts';
import { PgSnapshot } from './pg-snapshot.ts';

const WAL_PAGE_BYTES = 8_192n;
const WAL_PAGE_HEADER_BYTES_MAX = 40n;

/** As `markColumns` selects them. */
export interface MarkRow {
  readonly snapshot: string;
  readonly position: string;
}

export const readMark = ({ snapshot, position }: MarkRow): ReadMark => ({
  snapshot: PgSnapshot.parse(snapshot),
  position: endOfRecords(parseLsn(position)),
});

/**
 * Where records end before the insert position. At the beginning of a WAL page that position is behind the page's header (24 bytes, 40 in
 * a segment's first page), which the stream of an idle server never reaches; no record is shorter than 24 bytes, so none begins there.
 */
export function endOfRecords(insertPosition: Lsn): Lsn {
  const inPage = insertPosition % WAL_PAGE_BYTES;
  return inPage <= WAL_PAGE_HEADER_BYTES_MAX ? lsn(insertPosition - inPage) : insertPosition;
}
