import type { LinesFormat } from '@millrace/formats/rows';

/** Lines that are parsed in one go take about so many bytes, so that other work comes in between. */
export const PIECE_BYTES = 65_536;
const LINE_FEED = 0x0a;
const QUOTE = 0x22;

/** Where the whole lines end that begin at `from` and make a piece; `from` when there is none yet. */
export function pieceEnd(bytes: Buffer, from: number, format: LinesFormat): number {
  if (format === 'csv') return csvPieceEnd(bytes, from);
  const within = Math.min(bytes.length, from + PIECE_BYTES) - 1;
  const last = within < from ? -1 : bytes.lastIndexOf(LINE_FEED, within);
  if (last >= from) return last + 1;
  const next = bytes.indexOf(LINE_FEED, within + 1);
  return next < 0 ? from : next + 1;
}

/** Line feeds between quotes end nothing. */
function csvPieceEnd(bytes: Buffer, from: number): number {
  let end = from;
  let isQuoted = false;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) isQuoted = !isQuoted;
    else if (byte === LINE_FEED && !isQuoted) {
      end = at + 1;
      if (end - from >= PIECE_BYTES) return end;
    }
  }
  return end;
}

/** Where the first line ends, of what has one; the end when nothing ends it. */
export function firstLineEnd(bytes: Buffer, format: LinesFormat): number {
  let isQuoted = false;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === QUOTE && format === 'csv') isQuoted = !isQuoted;
    else if (bytes[at] === LINE_FEED && !isQuoted) return at + 1;
  }
  return bytes.length;
}

export function countLineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count += 1;
  return count;
}

/** Which line of a piece, from 0, a row (from 1) begins at: empty lines are no rows, except of text. */
export function lineOfRow(bytes: Buffer, row: number, format: LinesFormat): number {
  let line = 0;
  for (let rest = bytes, left = row; rest.length > 0; ) {
    const end = firstLineEnd(rest, format);
    const isRow = format === 'text' || rest.toString('latin1', 0, end).trim() !== '';
    if (isRow) left -= 1;
    if (left === 0) return line;
    line += countLineFeeds(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
  return line;
}
