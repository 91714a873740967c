const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const UNICODE_ESCAPE = 0x75; // 'u'
const HEX_DIGITS = new TextEncoder().encode('0123456789abcdef');

/** What follows the backslash for a byte that a JSON string must escape (RFC 8259 section 7), 0 for all others. */
const ESCAPE = new Uint8Array(256);
ESCAPE.fill(UNICODE_ESCAPE, 0, 0x20);
for (const [byte, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
] as const) {
  ESCAPE[byte] = letter.charCodeAt(0);
}

/** Most bytes one byte of text can become in a JSON string. */
export const ESCAPED_BYTES_MAX = 6;

/**
 * The functions below write at `at` and return the offset after what they wrote. The caller has made the room.
 * They take and return plain numbers, so that a row costs no object and no string.
 */
export function putBytes(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  for (let from = start; from < end; from++) out[at++] = bytes[from]!;
  return at;
}

/** From this length on a run of bytes without escapes is found first and copied as a whole: dearer to begin, cheaper to go on. */
const RUN_BYTES_MIN = 48;
const STRIDE = 8;

/** End of the run of bytes from `from` on that need no escape; may stop a few bytes early, but not at the beginning of a long one. */
function plainEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  for (; at + STRIDE <= end; at += STRIDE) {
    const found =
      ESCAPE[bytes[at]!]! |
      ESCAPE[bytes[at + 1]!]! |
      ESCAPE[bytes[at + 2]!]! |
      ESCAPE[bytes[at + 3]!]! |
      ESCAPE[bytes[at + 4]!]! |
      ESCAPE[bytes[at + 5]!]! |
      ESCAPE[bytes[at + 6]!]! |
      ESCAPE[bytes[at + 7]!]!;
    if (found !== 0) break;
  }
  return at;
}

/** UTF-8 text as the inside of a JSON string. Bytes from 0x80 on are parts of longer characters and need no escape. */
export function putEscaped(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  let from = start;
  while (from < end) {
    if (end - from >= RUN_BYTES_MIN) {
      const runEnd = plainEnd(bytes, from, end);
      if (runEnd > from) {
        out.set(bytes.subarray(from, runEnd), at);
        at += runEnd - from;
        from = runEnd;
      }
    }
    // Up to the next escape and past it, then perhaps another run.
    for (let isPlain = true; isPlain && from < end; from++) {
      const byte = bytes[from]!;
      const letter = ESCAPE[byte]!;
      if (letter === 0) {
        out[at++] = byte;
        continue;
      }
      at = putEscape(out, at, byte, letter);
      isPlain = false;
    }
  }
  return at;
}

function putEscape(out: Uint8Array, at: number, byte: number, letter: number): number {
  out[at++] = BACKSLASH;
  out[at++] = letter;
  if (letter === UNICODE_ESCAPE) {
    out[at++] = 0x30;
    out[at++] = 0x30;
    out[at++] = HEX_DIGITS[byte >> 4]!;
    out[at++] = HEX_DIGITS[byte & 15]!;
  }
  return at;
}

export function putString(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  out[at] = QUOTE;
  const close = putEscaped(out, at + 1, bytes, start, end);
  out[close] = QUOTE;
  return close + 1;
}

/** Bytes that the text takes inside a JSON string, for text too long to reserve the worst case. */
export function escapedLength(bytes: Uint8Array, start: number, end: number): number {
  let length = end - start;
  for (let from = start; from < end; from++) {
    const letter = ESCAPE[bytes[from]!]!;
    if (letter !== 0) length += letter === UNICODE_ESCAPE ? ESCAPED_BYTES_MAX - 1 : 1;
  }
  return length;
}

/** Digits of an integer from 0 to 2^53. */
export function putInteger(out: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  let rest = value;
  for (let place = at + digits - 1; place >= at; place--) {
    const quotient = Math.floor(rest / 10);
    out[place] = 0x30 + rest - quotient * 10;
    rest = quotient;
  }
  return at + digits;
}

/** json or jsonb as a value of its own. Line breaks can only stand between tokens there, and would break a line of NDJSON. */
export function putJson(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  for (let from = start; from < end; from++) {
    const byte = bytes[from]!;
    out[at++] = byte === 0x0a || byte === 0x0d ? 0x20 : byte;
  }
  return at;
}

/** float4 and float8: PostgreSQL's digits are JSON's, except for `NaN`, `Infinity` and `-Infinity`, which become strings. */
export function putFloat(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  const last = bytes[end - 1]!;
  return last >= 0x30 && last <= 0x39 ? putBytes(out, at, bytes, start, end) : putString(out, at, bytes, start, end);
}

/**
 * A timestamp in PostgreSQL's ISO style as ISO 8601, digit for digit: `2024-01-01 00:00:00.5+00` becomes `2024-01-01T00:00:00.5Z`.
 * What ISO 8601 has no plain form for (`infinity`, BC, years past 9999) stays PostgreSQL's text.
 * https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-OUTPUT
 */
export function putTimestamp(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  const isPlain =
    end - start >= 19 && bytes[start + 4] === 0x2d && bytes[start + 10] === 0x20 && bytes[end - 1] !== 0x43;
  if (!isPlain) return putString(out, at, bytes, start, end);
  out[at++] = QUOTE;
  at = putBytes(out, at, bytes, start, start + 10);
  out[at++] = 0x54; // 'T'
  at = putBytes(out, at, bytes, start + 11, start + 19);
  let from = start + 19;
  for (; from < end; from++) {
    const byte = bytes[from]!;
    if (byte === 0x2b || byte === 0x2d) break;
    out[at++] = byte;
  }
  if (end - from === 3 && bytes[from + 1] === 0x30 && bytes[from + 2] === 0x30) {
    out[at++] = 0x5a; // 'Z'
  } else if (from < end) {
    at = putBytes(out, at, bytes, from, end);
    if (end - from === 3) {
      out[at++] = 0x3a;
      out[at++] = 0x30;
      out[at++] = 0x30;
    }
  }
  out[at++] = QUOTE;
  return at;
}
