import {
  type ColumnBatch,
  type ColumnField,
  type ColumnSchema,
  type ColumnValues,
  type RowBatch,
  rowBatch,
} from '@millrace/engine';
import type { Key } from '../contract/key.ts';
import type { AccumulatorLayout, Accumulators } from '../state/accumulator-layout.ts';
import type { KeySlots } from '../state/key-slots.ts';
import { READ_AHEAD_LISTS, RowLists } from '../state/row-lists.ts';

const TIMES: readonly ColumnField[] = [
  { name: 'start', type: 'float64' },
  { name: 'end', type: 'float64' },
];
const KEYS: readonly ColumnField[] = [
  { name: 'key', type: 'int32' },
  { name: 'key', type: 'any' },
];
const RESULTS: readonly ColumnField[] = [
  { name: 'result', type: 'float64' },
  { name: 'result', type: 'any' },
];
const EARLY: ColumnField = { name: 'isEarly', type: 'boolean' };

const NUMBER_BYTES = 8;
const VALUE_BYTES_ESTIMATE = 64;

/** Arrays of at least `count` numbers for a batch. */
export interface BatchArrays {
  /** `place` tells apart the arrays of one batch. */
  floats(place: number, count: number): Float64Array;
  ints(count: number): Int32Array;
}

const NEW_ARRAYS: BatchArrays = {
  floats: (_, count) => new Float64Array(count),
  ints: (count) => new Int32Array(count),
};

/** The same arrays for every batch, for a reader that keeps nothing of one. */
export class ReusedArrays implements BatchArrays {
  readonly #floats: Float64Array[] = [];
  #ints = new Int32Array(0);

  floats(place: number, count: number): Float64Array {
    while (this.#floats.length <= place) this.#floats.push(new Float64Array(0));
    if (this.#floats[place]!.length < count) this.#floats[place] = new Float64Array(count);
    return this.#floats[place]!;
  }

  ints(count: number): Int32Array {
    if (this.#ints.length < count) this.#ints = new Int32Array(count);
    return this.#ints;
  }
}

/** Makes the batches of window results. One schema object for each form, because loops are kept by schema. */
export class ResultBatches {
  readonly #layout: AccumulatorLayout;
  readonly #isKeyed: boolean;
  readonly #isTimeless: boolean;
  readonly #schemas = new Map<string, ColumnSchema>();

  constructor(layout: AccumulatorLayout, isKeyed: boolean, isTimeless: boolean) {
    this.#isTimeless = isTimeless;
    this.#layout = layout;
    this.#isKeyed = isKeyed;
  }

  /** Results of the window [start, end) for these slots; their accumulators stand at `positions` of the columns. */
  make(
    start: number,
    end: number,
    slots: KeySlots,
    found: Int32Array,
    count: number,
    columns: readonly Accumulators[],
    isEarly: boolean,
    positions = found,
    arrays: BatchArrays = NEW_ARRAYS,
  ): ColumnBatch | RowBatch {
    const keys = this.#isKeyed ? keysOf(slots, found, count, arrays) : undefined;
    const results = this.#results(positions, count, columns, this.#isTimeless ? NEW_ARRAYS : arrays);
    // Of a batch that is not keyed the result is the row.
    if (this.#isTimeless && keys === undefined) return rowBatch(Array.from(results as ArrayLike<unknown>));
    const values: ColumnValues[] = this.#isTimeless
      ? []
      : [arrays.floats(0, count).fill(start, 0, count), arrays.floats(1, count).fill(end, 0, count)];
    if (keys !== undefined) values.push(keys);
    values.push(results);
    if (isEarly) values.push(new Uint8Array(count).fill(1));
    const bytes = (results instanceof Float64Array ? NUMBER_BYTES : VALUE_BYTES_ESTIMATE) + 4 * NUMBER_BYTES;
    return {
      kind: 'columns',
      length: count,
      byteLength: count * bytes,
      schema: this.#schemaOf(keys, results, isEarly),
      columns: values,
      times: this.#isTimeless ? undefined : arrays.floats(2, count).fill(end - 1, 0, count),
    };
  }

  #results(
    found: Int32Array,
    count: number,
    columns: readonly Accumulators[],
    arrays: BatchArrays,
  ): Float64Array | unknown[] {
    const { numberColumn, finish } = this.#layout;
    if (numberColumn === undefined) {
      const objects: unknown[] = [];
      for (let index = 0; index < count; index++) {
        if (index % READ_AHEAD_LISTS === 0) readAhead(columns, found, index, count);
        objects.push(finish(columns, found[index]!));
      }
      return objects;
    }
    const from = columns[numberColumn] as Float64Array;
    const results = arrays.floats(3, count);
    for (let index = 0; index < count; index++) results[index] = from[found[index]!]!;
    return results;
  }

  #schemaOf(keys: ColumnValues | undefined, results: ColumnValues, isEarly: boolean): ColumnSchema {
    const keyForm = keys === undefined ? '' : keys instanceof Int32Array ? 'i' : 'a';
    const name = `${keyForm}${results instanceof Float64Array}${isEarly}`;
    let schema = this.#schemas.get(name);
    if (schema === undefined) {
      const key = keyForm === '' ? [] : [KEYS[keyForm === 'i' ? 0 : 1]!];
      const early = isEarly ? [EARLY] : [];
      schema = {
        fields: [
          ...(this.#isTimeless ? [] : TIMES),
          ...key,
          RESULTS[results instanceof Float64Array ? 0 : 1]!,
          ...early,
        ],
      };
      this.#schemas.set(name, schema);
    }
    return schema;
  }
}

function readAhead(columns: readonly Accumulators[], slots: Int32Array, from: number, count: number): void {
  for (const column of columns) {
    if (column instanceof RowLists) column.readAhead(slots, from, Math.min(from + READ_AHEAD_LISTS, count));
  }
}

function keysOf(slots: KeySlots, found: Int32Array, count: number, arrays: BatchArrays): Int32Array | Key[] {
  const { intKeys } = slots;
  if (intKeys === undefined) return Array.from({ length: count }, (_, index) => slots.keyOf(found[index]!));
  const keys = arrays.ints(count);
  for (let index = 0; index < count; index++) keys[index] = intKeys[found[index]!]!;
  return keys;
}
