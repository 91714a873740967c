import { isDeepStrictEqual, types } from 'node:util';

/**
 * Equality of values as they travel on edges: of plain data by content, wherever its prototypes come from (what was cloned under
 * Jest has those of another realm, for which `isDeepStrictEqual` is always false).
 */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return bytesOf(a).equals(bytesOf(b));
  if (types.isDate(a) && types.isDate(b)) return a.getTime() === b.getTime();
  if (types.isMap(a) || types.isSet(a)) return isDeepStrictEqual(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) && deepEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

const bytesOf = (view: ArrayBufferView): Buffer => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
