import { NO_TUPLE, NULL, TupleCursor } from '@millrace/formats';
import type { RowReader } from '../../upsert/row-reader.ts';
import { Action } from '../../upsert/steps.ts';
import type { TablePlan } from '../../upsert/table-plan.ts';

const TAB = 0x09;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const CAPITAL_N = 0x4e;
const DIGIT_0 = 0x30;
/** Room for what stands before the columns: numbers and a position. */
const HEAD_BYTES = 128;

/** The letter after the backslash for bytes that COPY's text format wants escaped, else 0. */
const ESCAPE = new Uint8Array(256);
ESCAPE[BACKSLASH] = BACKSLASH;
ESCAPE[TAB] = 0x74; // t
ESCAPE[NEWLINE] = 0x6e; // n
ESCAPE[0x0d] = 0x72; // r

/**
 * Rows in COPY's text format, from tuples whose values are PostgreSQL's text already: bytes are copied and escaped, never decoded.
 * https://www.postgresql.org/docs/current/sql-copy.html (File Formats, Text Format)
 */
export class CopyText {
  bytes: Buffer;
  used = 0;
  readonly #cursor = new TupleCursor();

  constructor(bytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(bytes);
  }

  /** Appends a line: the action (or other fields, in COPY's format), then the plan's columns. `old`: the key columns from the tuple before. */
  addRow(
    reader: RowReader,
    event: number,
    action: number | string,
    plan: TablePlan,
    old = action === Action.Delete,
  ): void {
    const { events } = reader;
    const offset = old ? events.before(event) : events.after(event);
    const source = events.bytes(event);
    const cursor = this.#cursor;
    const { columns } = plan;
    if (offset === NO_TUPLE) throw new RangeError('an event without the tuple it needs was planned');
    cursor.read(source, offset);
    this.#reserve((cursor.end - offset) * 2 + columns.length * 3 + HEAD_BYTES);
    if (typeof action === 'number') this.#number(action);
    else this.used += this.bytes.write(action, this.used, 'latin1');
    for (let index = 0; index < columns.length; index++) {
      this.bytes[this.used++] = TAB;
      const column = columns[index]!;
      const length = old && !column.key ? NULL : cursor.lengths[column.field]!;
      if (length >= 0) {
        this.#escape(source, cursor.starts[column.field]!, length);
      } else if (length === NULL) {
        this.#null();
      } else {
        const found = reader.find(event, column);
        if (found.length < 0) {
          this.#null();
        } else {
          this.#reserve(found.length * 2 + (cursor.end - offset) * 2 + columns.length * 3 + 16);
          this.#escape(found.bytes, found.start, found.length);
        }
      }
    }
    this.bytes[this.used++] = NEWLINE;
  }

  #escape(source: Buffer, start: number, length: number): void {
    const { bytes } = this;
    const end = start + length;
    let at = this.used;
    for (let index = start; index < end; index++) {
      const byte = source[index]!;
      const letter = ESCAPE[byte]!;
      if (letter !== 0) {
        bytes[at++] = BACKSLASH;
        bytes[at++] = letter;
      } else {
        bytes[at++] = byte;
      }
    }
    this.used = at;
  }

  #null(): void {
    this.bytes[this.used++] = BACKSLASH;
    this.bytes[this.used++] = CAPITAL_N;
  }

  #number(value: number): void {
    if (value >= 0 && value < 10) {
      this.bytes[this.used++] = DIGIT_0 + value;
      return;
    }
    this.used += this.bytes.write(String(value), this.used, 'latin1');
  }

  #reserve(byteCount: number): void {
    const needed = this.used + byteCount;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.used);
    this.bytes = larger;
  }
}
