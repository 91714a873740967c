import { NotAValue } from '@millrace/formats';

/** Values of a line; `null`: nothing, without quotes. */
export type CsvRow = readonly (string | null)[];

/** Reads CSV (RFC 4180; lines may end with LF or CRLF) in pieces that may end anywhere. */
export class CsvParser {
  #text = '';
  /** Where the search for the end of the present line goes on, and whether that is between quotes. */
  #searched = 0;
  #isQuoted = false;

  /** Characters of a line that is not complete yet. */
  get pending(): number {
    return this.#text.length;
  }

  /** Takes a piece and returns the lines that are complete. */
  push(piece: string): CsvRow[] {
    this.#text += piece;
    const rows: CsvRow[] = [];
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
  end(): CsvRow[] {
    if (this.#isQuoted) throw new NotAValue('a quoted value is not closed');
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

  #row(start: number, end: number): CsvRow {
    const line = this.#text.slice(start, this.#text[end - 1] === '\r' ? end - 1 : end);
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
