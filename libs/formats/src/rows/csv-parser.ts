import { NotAValue } from '../declared/column-text.ts';

/** Values of a line; `null`: nothing, without quotes. */
export type CsvRow = readonly (string | null)[];

/** A line that is none, as it stands there. */
export class BadLine {
  readonly text: string;
  readonly error: NotAValue;

  constructor(text: string, error: NotAValue) {
    this.text = text;
    this.error = error;
  }
}

/** Reads CSV (RFC 4180; lines may end with LF or CRLF) in pieces that may end anywhere. */
export class CsvParser {
  readonly #decode: (line: string) => string;
  readonly #isTolerant: boolean;
  #text = '';
  /** Where the search for the end of the present line goes on, and whether that is between quotes. */
  #searched = 0;
  #isQuoted = false;

  /**
   * @param decode what stands in a line, of the text it has among the pieces. @throws NotAValue
   * @param isTolerant a line that cannot be read is given as one
   */
  constructor(decode: (line: string) => string = (line) => line, isTolerant = false) {
    this.#decode = decode;
    this.#isTolerant = isTolerant;
  }

  /** Characters of a line that is not complete yet. */
  get pending(): number {
    return this.#text.length;
  }

  /** Takes a piece and returns the lines that are complete. */
  push(piece: string): (CsvRow | BadLine)[] {
    this.#text += piece;
    const rows: (CsvRow | BadLine)[] = [];
    let start = 0;
    for (let end = this.#endOfLine(); end >= 0; end = this.#endOfLine()) {
      if (end > start && !(end === start + 1 && this.#text[start] === '\r')) rows.push(this.#row(start, end));
      start = end + 1;
    }
    this.#text = this.#text.slice(start);
    this.#searched -= start;
    return rows;
  }

  /** The last line when nothing ended it. */
  end(): (CsvRow | BadLine)[] {
    if (this.#isQuoted) {
      const error = new NotAValue('a quoted value is not closed');
      if (!this.#isTolerant) throw error;
      return [new BadLine(this.#text, error)];
    }
    return this.#text === '' ? [] : this.push('\n');
  }

  /** Index of the next line feed that ends a line, or -1. Those between quotes don't. */
  #endOfLine(): number {
    while (this.#searched < this.#text.length) {
      const unit = this.#text.charCodeAt(this.#searched);
      this.#searched += 1;
      if (unit === 0x22) this.#isQuoted = !this.#isQuoted;
      else if (unit === 0x0a && !this.#isQuoted) return this.#searched - 1;
    }
    return -1;
  }

  #row(start: number, end: number): CsvRow | BadLine {
    const text = this.#text.slice(start, this.#text[end - 1] === '\r' ? end - 1 : end);
    try {
      return this.#valuesOf(this.#decode(text));
    } catch (error) {
      if (!this.#isTolerant || !(error instanceof NotAValue)) throw error;
      return new BadLine(text, error);
    }
  }

  #valuesOf(line: string): CsvRow {
    const row: (string | null)[] = [];
    const field = /(?:"((?:[^"]|"")*)"|([^,"]*))(,|$)/gy;
    for (let match = field.exec(line); match !== null; match = field.exec(line)) {
      const [, quoted, plain, after] = match;
      row.push(quoted === undefined ? plain || null : quoted.replaceAll('""', '"'));
      if (after === '') return row;
    }
    throw new NotAValue('quotes stand around a whole value only, and are doubled within');
  }
}
