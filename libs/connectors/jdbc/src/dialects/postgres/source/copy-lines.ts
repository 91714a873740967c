import type { TupleBlock } from '../../../source/tuple-writer.ts';
import { TupleWriter } from '../../../source/tuple-writer.ts';

const TAB = 9;
const NEWLINE = 10;
const BACKSLASH = 92;
const NULL_MARK = 78; // 'N'

/** What stands behind a backslash in COPY's text format. https://www.postgresql.org/docs/current/sql-copy.html */
const ESCAPED: Readonly<Record<number, number>> = { 98: 8, 102: 12, 110: 10, 114: 13, 116: 9, 118: 11 };

/** Makes tuples of the lines of `COPY … TO STDOUT`. */
export class CopyLines {
  readonly #writer = new TupleWriter();
  readonly #fields: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(fields: number) {
    this.#fields = fields;
  }

  /** The rows that end in this piece; read them before the next call. */
  *blocks(piece: Buffer): Generator<TupleBlock> {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#row(bytes, start, end);
      start = end + 1;
      if (this.#writer.isFull) yield this.#writer.take();
    }
    this.#rest = bytes.subarray(start);
    if (!this.#writer.isEmpty) yield this.#writer.take();
  }

  #row(bytes: Buffer, start: number, end: number): void {
    const writer = this.#writer;
    writer.beginRow(this.#fields);
    for (let at = start, field = 0; field < this.#fields; field++) {
      let stop = at;
      while (stop < end && bytes[stop] !== TAB && bytes[stop] !== BACKSLASH) stop += 1;
      if (bytes[stop] === BACKSLASH) stop = this.#escaped(bytes, at, end);
      else writer.copy(bytes, at, stop);
      at = stop + 1;
    }
    writer.endRow();
  }

  /** A field with a backslash in it. Returns where it ends. */
  #escaped(bytes: Buffer, start: number, end: number): number {
    const writer = this.#writer;
    let stop = bytes.indexOf(TAB, start);
    if (stop < 0 || stop > end) stop = end;
    if (stop - start === 2 && bytes[start] === BACKSLASH && bytes[start + 1] === NULL_MARK) {
      writer.null();
      return stop;
    }
    const text = writer.beginText(stop - start);
    let to = text;
    for (let at = start; at < stop; at++) {
      let byte = bytes[at]!;
      if (byte === BACKSLASH) {
        at += 1;
        byte = ESCAPED[bytes[at]!] ?? bytes[at]!;
      }
      writer.bytes[to++] = byte;
    }
    writer.used = to;
    writer.endText(text);
    return stop;
  }
}
