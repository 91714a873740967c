import { isUtf8 } from 'node:buffer';
import {
  type ChangeBatch,
  ChangeBatchBuilder,
  FLAG_LOADING,
  NO_TRANSACTION,
  NO_TUPLE,
  Op,
  type TableSchema,
} from '@millrace/formats';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TEXT_FIELD = 0x74;
/** Count of fields, kind of the only one, its length. */
const TUPLE_HEAD_BYTES = 7;

/** Lines of plain text as bytes: events are made of them without strings in between, which is most of the time it takes. */
export class TextLines {
  readonly #bytes: Buffer;
  /** Where each line ends, before its line feed. */
  readonly #ends: readonly number[];

  private constructor(bytes: Buffer, ends: readonly number[]) {
    this.#bytes = bytes;
    this.#ends = ends;
  }

  /** `undefined`: there is something in them that is no text. */
  static of(bytes: Buffer): TextLines | undefined {
    if (!isUtf8(bytes) || bytes.includes(0)) return undefined;
    const ends: number[] = [];
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) ends.push(at);
    if ((ends.at(-1) ?? -1) + 1 < bytes.length) ends.push(bytes.length);
    return new TextLines(bytes, ends);
  }

  get length(): number {
    return this.#ends.length;
  }

  /** Lines from `from` to before `to` as rows of the only column of a table. */
  encode(schema: TableSchema, from: number, to: number, receivedMs: number): ChangeBatch {
    const builder = new ChangeBatchBuilder(Math.max(1, to - from));
    const bytes = this.#bytes;
    let start = from === 0 ? 0 : this.#ends[from - 1]! + 1;
    for (let index = from; index < to; index++) {
      const lineFeed = this.#ends[index]!;
      const end = lineFeed > start && bytes[lineFeed - 1] === CARRIAGE_RETURN ? lineFeed - 1 : lineFeed;
      const length = end - start;
      builder.reserve(TUPLE_HEAD_BYTES + length);
      const tuple = builder.used;
      const target = builder.bytes;
      target[tuple] = 0;
      target[tuple + 1] = 1;
      target[tuple + 2] = TEXT_FIELD;
      target[tuple + 3] = length >>> 24;
      target[tuple + 4] = length >>> 16;
      target[tuple + 5] = length >>> 8;
      target[tuple + 6] = length;
      bytes.copy(target, tuple + TUPLE_HEAD_BYTES, start, end);
      builder.used = tuple + TUPLE_HEAD_BYTES + length;
      builder.add(Op.Create, FLAG_LOADING, schema, NO_TUPLE, tuple, NO_TRANSACTION, 0);
      start = lineFeed + 1;
    }
    return builder.build(receivedMs);
  }
}
