import { type ByteOutput } from '../../json/byte-output.ts';
import { clockUsOf, daysOf, NotRepresentable, timestampUsOf, unscaledOf } from './parquet-value.ts';

/** Writes the value that PostgreSQL's text in `bytes` stands for, as PLAIN encoding has it. @throws NotRepresentable */
export type PlainValue = (output: ByteOutput, bytes: Uint8Array, start: number, length: number) => void;

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const TWO_TO_32 = 4_294_967_296;
/** So many digits are exact as a double. */
const EXACT_DIGITS_MAX = 15;
const UUID_BYTES = 16;
const DECIMAL_BYTES = 16;
const US_PER_DAY = 86_400_000_000;

// A byte order mark is data like any other character.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const textOf = (bytes: Uint8Array, start: number, length: number): string =>
  decoder.decode(bytes.subarray(start, start + length));

function put32(output: ByteOutput, value: number): void {
  output.reserve(4);
  const { buffer, length } = output;
  buffer[length] = value;
  buffer[length + 1] = value >>> 8;
  buffer[length + 2] = value >>> 16;
  buffer[length + 3] = value >>> 24;
  output.length += 4;
}

/** An integer of up to 2^53. */
function put64(output: ByteOutput, value: number): void {
  put32(output, value % TWO_TO_32);
  put32(output, Math.floor(value / TWO_TO_32));
}

function putBig64(output: ByteOutput, value: bigint): void {
  const whole = BigInt.asUintN(64, value);
  put32(output, Number(whole & 0xffff_ffffn));
  put32(output, Number(whole >> 32n));
}

/** The digits of a number without its point, with `scale` of them after it; NaN when it is long, not plain, or not of that scale. */
function digitsOf(bytes: Uint8Array, start: number, length: number, scale: number): number {
  const isNegative = bytes[start] === MINUS;
  let value = 0;
  let digits = 0;
  let fraction = -1;
  for (let at = start + (isNegative ? 1 : 0); at < start + length; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits += 1;
      if (fraction >= 0) fraction += 1;
    } else if (bytes[at] === POINT && fraction < 0) fraction = 0;
    else return Number.NaN;
  }
  for (let decimals = Math.max(0, fraction); decimals < scale; decimals++) {
    value *= 10;
    digits += 1;
  }
  if (digits === 0 || digits > EXACT_DIGITS_MAX || fraction > scale) return Number.NaN;
  return isNegative ? -value : value;
}

export const plainInt32: PlainValue = (output, bytes, start, length) =>
  put32(output, digitsOf(bytes, start, length, 0));

export const plainInt64: PlainValue = (output, bytes, start, length) => {
  const value = digitsOf(bytes, start, length, 0);
  if (Number.isNaN(value)) putBig64(output, BigInt(textOf(bytes, start, length)));
  else put64(output, value);
};

/** @param bytes 4, 8 or 16, big-endian two's complement when 16 */
export function plainDecimal(byteCount: 4 | 8 | 16, precision: number, scale: number): PlainValue {
  return (output, bytes, start, length) => {
    const value = digitsOf(bytes, start, length, scale);
    if (!Number.isNaN(value) && byteCount < DECIMAL_BYTES && Math.abs(value) < 10 ** precision) {
      if (byteCount === 4) put32(output, value);
      else put64(output, value);
      return;
    }
    const unscaled = unscaledOf(textOf(bytes, start, length), precision, scale);
    if (byteCount === 4) put32(output, Number(unscaled));
    else if (byteCount === 8) putBig64(output, unscaled);
    else {
      output.reserve(DECIMAL_BYTES);
      let rest = BigInt.asUintN(128, unscaled);
      for (let at = DECIMAL_BYTES - 1; at >= 0; at--, rest >>= 8n)
        output.buffer[output.length + at] = Number(rest & 0xffn);
      output.length += DECIMAL_BYTES;
    }
  };
}

const floats = new DataView(new ArrayBuffer(8));

export const plainFloat: PlainValue = (output, bytes, start, length) => {
  floats.setFloat32(0, Number(textOf(bytes, start, length)), true);
  put32(output, floats.getUint32(0, true));
};

export const plainDouble: PlainValue = (output, bytes, start, length) => {
  floats.setFloat64(0, Number(textOf(bytes, start, length)), true);
  put32(output, floats.getUint32(0, true));
  put32(output, floats.getUint32(4, true));
};

/** One byte each; the page packs them. */
export const plainBoolean: PlainValue = (output, bytes, start) => {
  output.reserve(1);
  output.buffer[output.length++] = bytes[start] === 0x74 ? 1 : 0;
};

export const plainText: PlainValue = (output, bytes, start, length) => {
  put32(output, length);
  output.reserve(length);
  const { buffer, length: at } = output;
  // Short ones are quicker without a view of them.
  if (length > 64) buffer.set(bytes.subarray(start, start + length), at);
  else for (let index = 0; index < length; index++) buffer[at + index] = bytes[start + index]!;
  output.length += length;
};

/** Values of hexadecimal digits by their codes. */
const HEX = new Uint8Array(128);
for (const [value, digit] of '0123456789abcdef'.split('').entries()) {
  HEX[digit.charCodeAt(0)] = value;
  HEX[digit.toUpperCase().charCodeAt(0)] = value;
}

/** `\x00ff` */
export const plainBytea: PlainValue = (output, bytes, start, length) => {
  if (bytes[start] !== 0x5c || bytes[start + 1] !== 0x78) throw new NotRepresentable('is not bytea');
  const byteCount = (length - 2) >> 1;
  put32(output, byteCount);
  output.reserve(byteCount);
  const { buffer, length: to } = output;
  for (let at = 0; at < byteCount; at++)
    buffer[to + at] = (HEX[bytes[start + 2 + 2 * at]!]! << 4) | HEX[bytes[start + 3 + 2 * at]!]!;
  output.length += byteCount;
};

/** Digits in pairs, with dashes between some of them. */
export const plainUuid: PlainValue = (output, bytes, start) => {
  output.reserve(UUID_BYTES);
  const { buffer, length: to } = output;
  for (let at = 0, from = start; at < UUID_BYTES; at++, from += 2) {
    if (bytes[from] === MINUS) from += 1;
    buffer[to + at] = (HEX[bytes[from]!]! << 4) | HEX[bytes[from + 1]!]!;
  }
  output.length += UUID_BYTES;
};

const two = (bytes: Uint8Array, at: number): number => (bytes[at]! - ZERO) * 10 + bytes[at + 1]! - ZERO;

/** Days since 1970 of `YYYY-MM-DD`; https://howardhinnant.github.io/date_algorithms.html#days_from_civil */
function daysAt(bytes: Uint8Array, start: number): number {
  const month = two(bytes, start + 5);
  const year = two(bytes, start) * 100 + two(bytes, start + 2) - (month <= 2 ? 1 : 0);
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + two(bytes, start + 8) - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** `HH:MM:SS` and up to six decimals, to before `end`. */
function clockUsAt(bytes: Uint8Array, start: number, end: number): number {
  const seconds = two(bytes, start) * 3_600 + two(bytes, start + 3) * 60 + two(bytes, start + 6);
  let us = 0;
  let unit = 100_000;
  for (let at = start + 9; at < end; at++, unit /= 10) us += (bytes[at]! - ZERO) * unit;
  return seconds * 1_000_000 + us;
}

/** From 1700 to 2199, whose microseconds since 1970 a double holds, and no era or infinity. */
function isUsualDate(bytes: Uint8Array, start: number, length: number): boolean {
  const century = two(bytes, start);
  return length >= 10 && bytes[start + 4] === MINUS && century >= 17 && century <= 21;
}

export const plainDate: PlainValue = (output, bytes, start, length) => {
  const isUsual = length === 10 && isUsualDate(bytes, start, length);
  put32(output, isUsual ? daysAt(bytes, start) : daysOf(textOf(bytes, start, length)));
};

export const plainTime: PlainValue = (output, bytes, start, length) =>
  put64(output, Number(clockUsOf(textOf(bytes, start, length))));

/** @param zoneBytes of `+00`, or 0 without a zone; other zones take the long way */
export function plainTimestamp(zoneBytes: 0 | 3): PlainValue {
  return (output, bytes, start, length) => {
    const end = start + length - zoneBytes;
    const isUtc = zoneBytes === 0 || (bytes[end] === 0x2b && bytes[end + 1] === ZERO && bytes[end + 2] === ZERO);
    const last = bytes[end - 1]!;
    const isUsual =
      isUtc &&
      length - zoneBytes >= 19 &&
      length - zoneBytes <= 26 &&
      last >= ZERO &&
      last <= 0x39 &&
      isUsualDate(bytes, start, length);
    if (isUsual) put64(output, daysAt(bytes, start) * US_PER_DAY + clockUsAt(bytes, start + 11, end));
    else putBig64(output, timestampUsOf(textOf(bytes, start, length)));
  };
}
