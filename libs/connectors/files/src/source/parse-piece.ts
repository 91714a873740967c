import { NotAValue, type ParsedRow, type TableSchema } from '@millrace/formats';
import { isUnread, type LinesFormat, rowsParser, type UnreadRow } from '@millrace/formats/rows';
import { lineOfRow } from './line-pieces.ts';

export interface PieceOptions {
  readonly format: LinesFormat;
  readonly schema: TableSchema;
  /** The line that says what the values are, where the piece does not begin with it. */
  readonly header: Buffer | undefined;
  /** Line feeds before the piece. */
  readonly lines: number;
}

export type PieceRow = ParsedRow | UnreadRow;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The rows of whole lines. One that cannot be read says in `row` which line of the file it is, from 1. @throws NotAValue of a header */
export function parsePiece(bytes: Buffer, options: PieceOptions): readonly PieceRow[] {
  try {
    return parse(options, false, (part) => decoder.decode(part), bytes);
  } catch (error) {
    if (!(error instanceof NotAValue) && (error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw error;
  }
  // Again, slower: a byte as a character, so that a line can be broken without the others.
  return parse(options, true, (part) => part.toString('latin1'), bytes).map((row) =>
    isUnread(row) ? { ...row, row: options.lines + lineOf(row.row, bytes, options) + 1 } : row,
  );
}

/** @param row in the piece, from 1 */
function lineOf(row: number, bytes: Buffer, { format, header }: PieceOptions): number {
  return lineOfRow(bytes, format === 'csv' && header === undefined ? row + 1 : row, format);
}

function parse(
  { format, schema, header }: PieceOptions,
  isTolerant: boolean,
  decode: (part: Buffer) => string,
  bytes: Buffer,
): PieceRow[] {
  const parser = rowsParser(format, schema, isTolerant);
  if (header !== undefined) parser.push(decode(header));
  const rows = parser.push(decode(bytes));
  const last = parser.end();
  return last.length === 0 ? rows : [...rows, ...last];
}
