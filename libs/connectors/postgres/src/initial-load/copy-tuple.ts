import { assert } from '@millrace/kernel';

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

/** Room that the tuple of a row needs at most. */
export const tupleBytesMax = (rowBytes: number, fieldCount: number): number =>
  COUNT_BYTES + FIELD_BYTES * fieldCount + rowBytes;

/**
 * Turns a row of COPY TO STDOUT's text format (from `start` to its newline, which is at `end` - 1) into a raw tuple at `to` in `target`, each
 * byte read and written once, and returns the offset past the tuple.
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
export function writeTuple(
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
    if (line[at] === BACKSLASH && line[at + 1] === NULL_ESCAPE) {
      target[out++] = NULL_FIELD;
      at += 3;
      continue;
    }
    const head = out;
    out += FIELD_BYTES;
    // Tabs and newlines of a value are escaped, so these end it.
    for (;;) {
      const byte = line[at++]!;
      if (byte > NEWLINE && byte !== BACKSLASH) {
        target[out++] = byte;
      } else if (byte === BACKSLASH) {
        target[out++] = ESCAPED[line[at++]!]!;
      } else {
        if (byte === TAB || byte === NEWLINE) break;
        assert(at <= end, 'a row ends with a newline');
        target[out++] = byte;
      }
    }
    const length = out - head - FIELD_BYTES;
    target[head] = TEXT_FIELD;
    target[head + 1] = length >>> 24;
    target[head + 2] = length >>> 16;
    target[head + 3] = length >>> 8;
    target[head + 4] = length;
  }
  assert(fieldCount === 0 || at === end, 'a row has the fields that were asked for');
  return out;
}
