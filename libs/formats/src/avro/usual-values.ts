import { numberBytes } from './avro-decimal.ts';
import { daysOf, joinedMicros } from './avro-time.ts';
import type { AvroType } from './avro-type.ts';
import type { AvroValue } from './avro-value.ts';

/**
 * Reads a value from its bytes, without the text that costs more than all else; `undefined`: it is not of the usual form, or wrong, which its text tells.
 */
export type ReadUsual = (bytes: Uint8Array, start: number, end: number) => AvroValue | undefined;

const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const SPACE = 0x20;
const COLON = 0x3a;
/** Digits of a number that JavaScript adds and multiplies without rounding. */
const SAFE_DIGITS = 15;
const INT_MAX = 2 ** 31 - 1;
const DAY_S = 86_400;
/** `YYYY-MM-DD HH:MM:SS`, and with a point and six digits. */
const SECONDS_END = 19;
const MICROS_END = 26;

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9;

function integer(bytes: Uint8Array, start: number, end: number): number | undefined {
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (end === first || end - first > SAFE_DIGITS) return undefined;
  let value = 0;
  for (let at = first; at < end; at++) {
    const byte = bytes[at]!;
    if (!isDigit(byte)) return undefined;
    value = value * 10 + byte - ZERO;
  }
  return first === start ? value : -value;
}

function int(bytes: Uint8Array, start: number, end: number): number | undefined {
  const value = integer(bytes, start, end);
  return value !== undefined && value <= INT_MAX && value >= -INT_MAX - 1 ? value : undefined;
}

/** Two digits; NaN when they are none. */
function two(bytes: Uint8Array, at: number): number {
  const [tens, ones] = [bytes[at]!, bytes[at + 1]!];
  return isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + ones - ZERO : Number.NaN;
}

function micros(bytes: Uint8Array, start: number, end: number): number | bigint | undefined {
  const hasZone = end - start > 3 && bytes[end - 3] === PLUS && bytes[end - 2] === ZERO && bytes[end - 1] === ZERO;
  const length = end - start - (hasZone ? 3 : 0);
  const isUsual = bytes[start + 4] === MINUS && bytes[start + 10] === SPACE && bytes[start + 13] === COLON;
  if (!isUsual || length < SECONDS_END || length > MICROS_END) return undefined;
  if (length > SECONDS_END && bytes[start + SECONDS_END] !== POINT) return undefined;
  let fraction = 0;
  for (let at = SECONDS_END + 1; at < MICROS_END; at++) {
    const byte = at < length ? bytes[start + at]! : ZERO;
    if (!isDigit(byte)) return undefined;
    fraction = fraction * 10 + byte - ZERO;
  }
  const days = daysOf(two(bytes, start) * 100 + two(bytes, start + 2), two(bytes, start + 5), two(bytes, start + 8));
  const clock = two(bytes, start + 11) * 3_600 + two(bytes, start + 14) * 60 + two(bytes, start + 17);
  const seconds = days * DAY_S + clock;
  return Number.isNaN(seconds) ? undefined : joinedMicros(seconds, fraction);
}

/** With exactly `scale` digits after the point, as PostgreSQL prints `numeric(p,s)`. */
function decimal(precision: number, scale: number): ReadUsual {
  const limit = 10 ** precision;
  return (bytes, start, end) => {
    const first = bytes[start] === MINUS ? start + 1 : start;
    const point = scale === 0 ? end : end - scale - 1;
    if (point <= first || end - first > SAFE_DIGITS || (scale > 0 && bytes[point] !== POINT)) return undefined;
    let value = 0;
    for (let at = first; at < end; at++) {
      if (at === point) continue;
      const byte = bytes[at]!;
      if (!isDigit(byte)) return undefined;
      value = value * 10 + byte - ZERO;
    }
    return value < limit ? numberBytes(first === start ? value : -value) : undefined;
  };
}

/** The quick way of a type, where it has one. */
export function usualValues(type: AvroType): ReadUsual | undefined {
  if (type === 'int') return int;
  if (type === 'long') return integer;
  if (typeof type === 'string' || type.type === 'array') return undefined;
  if (type.logicalType === 'timestamp-micros' || type.logicalType === 'local-timestamp-micros') return micros;
  return 'precision' in type ? decimal(type.precision, type.scale) : undefined;
}
