import {
  type Column,
  declaredRow,
  declaredRowOfJson,
  NotAValue,
  type ParsedRow,
  type TableSchema,
} from '@millrace/formats';
import { CsvParser, type CsvRow } from './csv-parser.ts';

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
      const row = declaredRow(this.#columns, (_, index) => line[places[index]!], true);
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
    const row = declaredRowOfJson(this.#columns, line);
    this.count += 1;
    return [row];
  }
}
