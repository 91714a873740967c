import type { Column, TableSchema } from '@millrace/formats';
import { columnText, NotAValue } from './column-text.ts';
import { CsvParser, type CsvRow } from './csv-parser.ts';

/** Texts by column, `null` of NULL. */
export type ParsedRow = Readonly<Record<string, string | null>>;

/** Turns the text of an object, in pieces, into rows. Errors say what is wrong; the caller knows where. */
export interface RowsParser {
  /** Characters that wait for the rest of their row. */
  readonly pending: number;
  /** Rows so far, without a bad one. */
  readonly count: number;
  push(piece: string): ParsedRow[];
  end(): ParsedRow[];
}

export const rowsParser = (format: 'ndjson' | 'csv', schema: TableSchema): RowsParser =>
  format === 'csv' ? new CsvRows(schema) : new JsonRows(schema);

function parsedRow(columns: readonly Column[], take: (column: Column, index: number) => unknown, isText: boolean) {
  const row: Record<string, string | null> = Object.create(null);
  columns.forEach((column, index) => {
    try {
      const text = columnText(column, take(column, index), isText);
      if (text === null && column.key) throw new NotAValue('is missing, but part of the key');
      row[column.name] = text;
    } catch (error) {
      if (!(error instanceof NotAValue)) throw error;
      throw new NotAValue(`its "${column.name}" ${error.message}`);
    }
  });
  return row;
}

class CsvRows implements RowsParser {
  readonly #parser = new CsvParser();
  readonly #columns: readonly Column[];
  count = 0;
  #places: readonly number[] | undefined;

  constructor({ columns }: TableSchema) {
    this.#columns = columns;
  }

  get pending(): number {
    return this.#parser.pending;
  }

  push(piece: string): ParsedRow[] {
    return this.#rows(this.#parser.push(piece));
  }

  end(): ParsedRow[] {
    return this.#rows(this.#parser.end());
  }

  #rows(lines: readonly CsvRow[]): ParsedRow[] {
    return lines.flatMap((line): ParsedRow[] => {
      const places = this.#places;
      if (places === undefined) {
        this.#places = this.#columns.map(({ name }) => placeOf(line, name));
        return [];
      }
      const row = parsedRow(this.#columns, (_, index) => line[places[index]!], true);
      this.count += 1;
      return [row];
    });
  }
}

function placeOf(header: CsvRow, name: string): number {
  // The first name may begin with a byte order mark.
  const place = header.findIndex((title, index) => (index === 0 ? title?.replace(/^\uFEFF/, '') : title) === name);
  if (place < 0) throw new NotAValue(`the header has no column "${name}"`);
  return place;
}

class JsonRows implements RowsParser {
  readonly #columns: readonly Column[];
  count = 0;
  #text = '';

  constructor({ columns }: TableSchema) {
    this.#columns = columns;
  }

  get pending(): number {
    return this.#text.length;
  }

  push(piece: string): ParsedRow[] {
    const lines = (this.#text + piece).split('\n');
    this.#text = lines.pop()!;
    return lines.flatMap((line) => this.#rows(line));
  }

  end(): ParsedRow[] {
    const last = this.#text;
    this.#text = '';
    return this.#rows(last);
  }

  #rows(line: string): ParsedRow[] {
    if (line.trim() === '') return [];
    const object = parseObject(line);
    const take = ({ name, kind }: Column): unknown => {
      const value = Object.hasOwn(object, name) ? object[name] : null;
      const isRounded = typeof value === 'number' && !Number.isSafeInteger(value);
      return isRounded && (kind === 'exact' || kind === 'bigint') ? digitsOf(line, name) : value;
    };
    const row = parsedRow(this.#columns, take, false);
    this.count += 1;
    return [row];
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new NotAValue('the line is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NotAValue('the line is not an object');
  return value as Readonly<Record<string, unknown>>;
}

type SourceReviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** The digits of a number of a line's object as they stand there. https://tc39.es/proposal-json-parse-with-source/ */
function digitsOf(line: string, name: string): string | undefined {
  const found: { readonly holder: unknown; readonly source: string | undefined }[] = [];
  const reviver: SourceReviver = function (key, value, { source }) {
    if (key === name) found.push({ holder: this, source });
    return value;
  };
  const root: unknown = JSON.parse(line, reviver as (this: unknown, key: string, value: unknown) => unknown);
  return found.find(({ holder }) => holder === root)?.source;
}
