/** Columns of numbers without nulls. */
export type Numbers = Int32Array | Float64Array | Uint8Array;

/** Values of `from` at these indexes, in this order, to `first` and after in `to`, which is of the same type. */
export function gather<A extends Numbers>(from: A, indexes: Int32Array, to: A, first = 0): A {
  // A loop for each type of array: one for all of them would ask at every value.
  if (from instanceof Int32Array) gatherInts(from, indexes, to as Int32Array, first);
  else if (from instanceof Float64Array) gatherFloats(from, indexes, to as Float64Array, first);
  else gatherBytes(from, indexes, to as Uint8Array, first);
  return to;
}

function gatherInts(from: Int32Array, indexes: Int32Array, to: Int32Array, first: number): void {
  for (let at = 0; at < indexes.length; at++) to[first + at] = from[indexes[at]!]!;
}

function gatherFloats(from: Float64Array, indexes: Int32Array, to: Float64Array, first: number): void {
  for (let at = 0; at < indexes.length; at++) to[first + at] = from[indexes[at]!]!;
}

function gatherBytes(from: Uint8Array, indexes: Int32Array, to: Uint8Array, first: number): void {
  for (let at = 0; at < indexes.length; at++) to[first + at] = from[indexes[at]!]!;
}
