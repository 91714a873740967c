import type { TableSchema } from '@millrace/formats';
import type { LoadOutput } from './contract.ts';

const NEWLINE = 0x0a;
const TAB = 0x09;
const BACKSLASH = 0x5c;
const NULL_ESCAPE = 0x4e; // 'N' of \N
const NULL_FIELD = 0x6e; // 'n'
const TEXT_FIELD = 0x74; // 't'
/** Tag and length word of a field. */
const FIELD_BYTES = 5;
const COUNT_BYTES = 2;

/** What a letter after a backslash stands for; others stand for themselves (`CopyAttributeOutText` in copyto.c). */
const ESCAPED = new Uint8Array(256).map((_, byte) => byte);
for (const [letter, byte] of [
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
] as const) {
  ESCAPED[letter.charCodeAt(0)] = byte;
}

/**
 * Turns the text of COPY TO STDOUT into raw tuples, walking each byte once and writing it to where it stays.
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 *
 * `feed` a piece, `emit` until `isDrained`, feed the next. Rows may be cut anywhere between pieces.
 */
export class CopyTranscoder {
  #piece: Buffer = Buffer.alloc(0);
  #at = 0;
  /** The beginning of a row that the pieces before cut off. */
  #carry: Buffer[] = [];

  get isDrained(): boolean {
    return this.#at === this.#piece.length;
  }

  feed(piece: Buffer): void {
    this.#piece = piece;
    this.#at = 0;
  }

  /** Emits rows until the piece is used up or the output is full, and returns how many. */
  emit(schema: TableSchema, out: LoadOutput): number {
    const overhead = COUNT_BYTES + FIELD_BYTES * (schema.fieldCount + 1);
    let rows = 0;
    while (this.#at < this.#piece.length && !out.isFull) {
      const newline = this.#piece.indexOf(NEWLINE, this.#at);
      if (newline < 0) {
        this.#carry.push(this.#piece.subarray(this.#at));
        this.#at = this.#piece.length;
        break;
      }
      let line = this.#piece;
      let start = this.#at;
      let end = newline;
      if (this.#carry.length > 0) {
        line = Buffer.concat([...this.#carry, this.#piece.subarray(start, newline + 1)]);
        start = 0;
        end = line.length - 1;
        this.#carry = [];
      }
      const target = out.reserveRow(end - start + overhead);
      out.endRow(schema, transcodeRow(line, start, end, target, out.rowStart, schema.fieldCount));
      this.#at = newline + 1;
      rows++;
    }
    return rows;
  }
}

/** Writes the row between `start` and its newline at `end` as a tuple at `to`; returns the offset past the tuple. */
function transcodeRow(
  line: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  to: number,
  fieldCount: number,
): number {
  target[to] = fieldCount >> 8;
  target[to + 1] = fieldCount;
  let out = to + COUNT_BYTES;
  let at = start;
  for (let field = 0; field < fieldCount; field++) {
    if (at < end && line[at] === BACKSLASH && line[at + 1] === NULL_ESCAPE) {
      target[out++] = NULL_FIELD;
      at += 3;
      continue;
    }
    const head = out;
    out += FIELD_BYTES;
    // The newline at `end` stops the last field: within the row it is escaped.
    for (;;) {
      const byte = line[at++]!;
      if (byte > BACKSLASH) target[out++] = byte;
      else if (byte === TAB || byte === NEWLINE) break;
      else if (byte === BACKSLASH) target[out++] = ESCAPED[line[at++]!]!;
      else target[out++] = byte;
    }
    const length = out - head - FIELD_BYTES;
    target[head] = TEXT_FIELD;
    target[head + 1] = length >>> 24;
    target[head + 2] = length >>> 16;
    target[head + 3] = length >>> 8;
    target[head + 4] = length;
  }
  return out;
}
