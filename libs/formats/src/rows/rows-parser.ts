import { type Column, type TableSchema } from '../change/table-schema.ts';
import { NotAValue } from '../declared/column-text.ts';
import { declaredRow, declaredRowOfJson, type ParsedRow } from '../declared/declared-row.ts';
import { BadLine, CsvParser, type CsvRow } from './csv-parser.ts';

/** A row that cannot be read, by the bytes of its line. */
export interface UnreadRow {
  readonly bytes: Buffer;
  readonly error: NotAValue;
  /** In its object, from 1. */
  readonly row: number;
  /** The line that says what the values are, of CSV. */
  readonly header: Buffer | undefined;
}

export const isUnread = (row: object): row is UnreadRow => 'bytes' in row && row.bytes instanceof Uint8Array;

/** Turns the text of an object, in pieces, into rows. Errors say what is wrong; the caller knows where. */
export interface RowsParser {
  /** Characters that wait for the rest of their row. */
  readonly pending: number;
  /** Rows so far, without a bad one; a tolerant parser counts those too. */
  readonly count: number;
  push(piece: string): (ParsedRow | UnreadRow)[];
  end(): (ParsedRow | UnreadRow)[];
}

/** What is read line by line. */
export type LinesFormat = 'ndjson' | 'csv' | 'text';

/** A tolerant parser takes a byte as a character (latin1), so that a line can be broken without the others. */
export const rowsParser = (format: LinesFormat, schema: TableSchema, isTolerant = false): RowsParser =>
  format === 'csv' ? new CsvRows(schema, isTolerant) : new LineRows(format, schema, isTolerant);

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeLine(line: string): string {
  try {
    return decoder.decode(Buffer.from(line, 'latin1'));
  } catch {
    throw new NotAValue('it is not text in UTF-8');
  }
}

class CsvRows implements RowsParser {
  readonly #parser: CsvParser;
  readonly #columns: readonly Column[];
  readonly #isTolerant: boolean;
  count = 0;
  #places: readonly number[] | undefined;
  #header: CsvRow = [];

  constructor({ columns }: TableSchema, isTolerant: boolean) {
    this.#parser = isTolerant ? new CsvParser(decodeLine, true) : new CsvParser();
    this.#columns = columns;
    this.#isTolerant = isTolerant;
  }

  get pending(): number {
    return this.#parser.pending;
  }

  push(piece: string): (ParsedRow | UnreadRow)[] {
    return this.#rows(this.#parser.push(piece));
  }

  end(): (ParsedRow | UnreadRow)[] {
    return this.#rows(this.#parser.end());
  }

  #rows(lines: readonly (CsvRow | BadLine)[]): (ParsedRow | UnreadRow)[] {
    return lines.flatMap((line): (ParsedRow | UnreadRow)[] => {
      const places = this.#places;
      if (places === undefined) {
        // Without a header there is no row.
        if (line instanceof BadLine) throw line.error;
        this.#places = this.#columns.map(({ name }) => placeOf(line, name));
        this.#header = line;
        return [];
      }
      const row = this.#row(line, places);
      this.count += 1;
      return [row];
    });
  }

  #row(line: CsvRow | BadLine, places: readonly number[]): ParsedRow | UnreadRow {
    if (line instanceof BadLine) return this.#unread(Buffer.from(line.text, 'latin1'), line.error);
    try {
      return declaredRow(this.#columns, (_, index) => line[places[index]!], true);
    } catch (error) {
      if (!this.#isTolerant || !(error instanceof NotAValue)) throw error;
      return this.#unread(Buffer.from(lineOf(line)), error);
    }
  }

  #unread(bytes: Buffer, error: NotAValue): UnreadRow {
    return { bytes, error, row: this.count + 1, header: Buffer.from(lineOf(this.#header)) };
  }
}

/** Values as a line again. */
const lineOf = (values: CsvRow): string =>
  values.map((value) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)).join(',');

function placeOf(header: CsvRow, name: string): number {
  // The first name may begin with a byte order mark.
  const place = header.findIndex((title, index) => (index === 0 ? title?.replace(/^\uFEFF/, '') : title) === name);
  if (place < 0) throw new NotAValue(`the header has no column "${name}"`);
  return place;
}

/** Lines of JSON, and lines of text: each as it is, the empty ones too, in the only column. */
class LineRows implements RowsParser {
  readonly #isText: boolean;
  readonly #columns: readonly Column[];
  readonly #isTolerant: boolean;
  count = 0;
  #text = '';

  constructor(format: LinesFormat, { columns }: TableSchema, isTolerant: boolean) {
    this.#isText = format === 'text';
    this.#columns = columns;
    this.#isTolerant = isTolerant;
  }

  get pending(): number {
    return this.#text.length;
  }

  push(piece: string): (ParsedRow | UnreadRow)[] {
    const lines = (this.#text + piece).split('\n');
    this.#text = lines.pop()!;
    return lines.flatMap((line) => this.#rows(line));
  }

  end(): (ParsedRow | UnreadRow)[] {
    const last = this.#text;
    this.#text = '';
    return last === '' ? [] : this.#rows(last);
  }

  #rows(line: string): (ParsedRow | UnreadRow)[] {
    if (!this.#isText && line.trim() === '') return [];
    const row = this.#row(line);
    this.count += 1;
    return [row];
  }

  #row(line: string): ParsedRow | UnreadRow {
    if (!this.#isTolerant) return this.#parsed(line);
    try {
      return this.#parsed(decodeLine(line));
    } catch (error) {
      if (!(error instanceof NotAValue)) throw error;
      return { bytes: Buffer.from(line, 'latin1'), error, row: this.count + 1, header: undefined };
    }
  }

  #parsed(line: string): ParsedRow {
    if (!this.#isText) return declaredRowOfJson(this.#columns, line);
    if (line.includes('\0')) throw new NotAValue('it has a zero byte');
    return { [this.#columns[0]!.name]: line.endsWith('\r') ? line.slice(0, -1) : line };
  }
}
