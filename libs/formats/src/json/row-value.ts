import type { ColumnKind } from '../change/table-schema.ts';
import { putBytes, putFloat, putJson, putString, putTimestamp } from './json-bytes.ts';

/** How a value of a row is written. */
export type RowValueForm = 'digits' | 'bigint' | 'float' | 'boolean' | 'timestamp' | 'json' | 'bytea' | 'text';

const FORM: Readonly<Record<ColumnKind, RowValueForm>> = {
  integer: 'digits',
  bigint: 'bigint',
  exact: 'text',
  float: 'float',
  boolean: 'boolean',
  json: 'json',
  timestamptz: 'timestamp',
  timestamp: 'timestamp',
  bytea: 'bytea',
  date: 'text',
  time: 'text',
  uuid: 'text',
  text: 'text',
};

export const rowValueForm = (kind: ColumnKind): RowValueForm => FORM[kind];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_T = 0x74;
const LETTER_X = 0x78;
const MINUS = 0x2d;
const encoder = new TextEncoder();
const TRUE_TEXT = encoder.encode('true');
const FALSE_TEXT = encoder.encode('false');
const SAFE_DIGITS = encoder.encode(String(Number.MAX_SAFE_INTEGER));
const BASE64 = encoder.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PADDING = 0x3d;

const put = (out: Uint8Array, at: number, bytes: Uint8Array): number => putBytes(out, at, bytes, 0, bytes.length);

/** Writes a value that is not null as JSON at `at` and returns the offset after it; the caller has made the room. */
export function putRowValue(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  form: RowValueForm,
): number {
  switch (form) {
    case 'digits':
      return putBytes(out, at, bytes, start, end);
    case 'bigint':
      return isSafeInteger(bytes, start, end)
        ? putBytes(out, at, bytes, start, end)
        : putString(out, at, bytes, start, end);
    case 'float':
      return putFloat(out, at, bytes, start, end);
    case 'boolean':
      return put(out, at, bytes[start] === LETTER_T ? TRUE_TEXT : FALSE_TEXT);
    case 'timestamp':
      return putTimestamp(out, at, bytes, start, end);
    case 'json':
      return putJson(out, at, bytes, start, end);
    case 'bytea':
      return putBytea(out, at, bytes, start, end);
    default:
      return putString(out, at, bytes, start, end);
  }
}

/** Digits, perhaps with a minus, of at most 2^53-1 in size: a JSON number that every reader takes exactly. */
function isSafeInteger(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start;
  const length = end - first;
  if (length !== SAFE_DIGITS.length) return length < SAFE_DIGITS.length;
  for (let digit = 0; digit < length; digit++) {
    const difference = bytes[first + digit]! - SAFE_DIGITS[digit]!;
    if (difference !== 0) return difference < 0;
  }
  return true;
}

function putBytea(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  // An expression may have given another text than PostgreSQL's hex format.
  if (!isHexBytea(bytes, start)) return putString(out, at, bytes, start, end);
  out[at] = QUOTE;
  const close = putBase64(out, at + 1, bytes, start + 2, end);
  out[close] = QUOTE;
  return close + 1;
}

/** bytea in PostgreSQL's hex format, as the sources ask for it: `\x` and two digits a byte. */
export const isHexBytea = (bytes: Uint8Array, start: number): boolean =>
  bytes[start] === BACKSLASH && bytes[start + 1] === LETTER_X;

const nibble = (letter: number): number => (letter <= 0x39 ? letter - 0x30 : (letter | 0x20) - 0x61 + 10);

/** The bytes that the hex digits from `start` on stand for, as base64. */
export function putBase64(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  let from = start;
  const next = (): number => (nibble(bytes[from++]!) << 4) | nibble(bytes[from++]!);
  while (from < end) {
    const remaining = (end - from) >> 1;
    const a = next();
    const b = remaining > 1 ? next() : 0;
    const c = remaining > 2 ? next() : 0;
    out[at++] = BASE64[a >> 2]!;
    out[at++] = BASE64[((a & 3) << 4) | (b >> 4)]!;
    out[at++] = remaining > 1 ? BASE64[((b & 15) << 2) | (c >> 6)]! : PADDING;
    out[at++] = remaining > 2 ? BASE64[c & 63]! : PADDING;
  }
  return at;
}
