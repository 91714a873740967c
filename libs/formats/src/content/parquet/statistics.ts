import type { SchemaElement, Statistics } from 'hyparquet';

const NONE = {};

/**
 * Smallest and largest of PLAIN encoded values; none of booleans, and of values of a fixed length, whose order is another one than that of their bytes.
 * @param plain begins at a multiple of eight
 */
export function minMax(element: SchemaElement, plain: Uint8Array, count: number): Statistics {
  if (count === 0) return NONE;
  const { buffer, byteOffset: at } = plain;
  switch (element.type) {
    case 'INT32': {
      const { min, max } = ofNumbers(new Int32Array(buffer, at, count));
      // Numbers of a decimal would be taken as they are written in SQL.
      if (element.converted_type === 'DECIMAL') return { min_value: BigInt(min), max_value: BigInt(max) };
      return { min_value: min, max_value: max };
    }
    case 'INT64':
      return ofInt64(new BigInt64Array(buffer, at, count));
    case 'FLOAT':
      return ofFloats(new Float32Array(buffer, at, count));
    case 'DOUBLE':
      return ofFloats(new Float64Array(buffer, at, count));
    case 'BYTE_ARRAY':
      return ofByteArrays(plain, count);
    default:
      return NONE;
  }
}

function ofNumbers(values: Int32Array | Float32Array | Float64Array): { min: number; max: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/** Those that are not a number don't count; zero has a sign that readers may not see. */
function ofFloats(values: Float32Array | Float64Array): Statistics {
  const { min, max } = ofNumbers(values);
  if (min > max) return NONE;
  return { min_value: min === 0 ? -0 : min, max_value: max === 0 ? 0 : max };
}

function ofInt64(values: BigInt64Array): Statistics {
  // Halves, because a BigInt of each value would cost more than the rest.
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  let [min, max] = [0, 0];
  const isLess = (a: number, b: number): boolean => {
    const [high, other] = [halves[a * 2 + 1]!, halves[b * 2 + 1]!];
    return high === other ? halves[a * 2]! >>> 0 < halves[b * 2]! >>> 0 : high < other;
  };
  for (let at = 1; at < values.length; at++) {
    if (isLess(at, min)) min = at;
    if (isLess(max, at)) max = at;
  }
  return { min_value: values[min]!, max_value: values[max]! };
}

function ofByteArrays(plain: Uint8Array, count: number): Statistics {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  let [min, max] = [0, 0];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (index > 0 && compare(plain, view, at, min) < 0) min = at;
    if (index > 0 && compare(plain, view, at, max) > 0) max = at;
    at += 4 + view.getUint32(at, true);
  }
  const bytesAt = (start: number): Uint8Array => plain.slice(start + 4, start + 4 + view.getUint32(start, true));
  return { min_value: bytesAt(min), max_value: bytesAt(max) };
}

/** Compares two byte arrays with their lengths before them. */
function compare(plain: Uint8Array, view: DataView, a: number, b: number): number {
  const [lengthA, lengthB] = [view.getUint32(a, true), view.getUint32(b, true)];
  const end = Math.min(lengthA, lengthB) + 4;
  for (let at = 4; at < end; at++) {
    const difference = plain[a + at]! - plain[b + at]!;
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
