import type { ColumnBatch, ColumnField, ColumnSchema, ColumnValues } from '@millrace/engine';
import type { Key } from '../contract/key.ts';
import { type AccumulatorLayout, isNumeric } from '../state/accumulator-layout.ts';

/**
 * What travels from the first stage of a windowed aggregation to the second: for each row a key, the frame it belongs to, and
 * either partial accumulators (`combined`) or the values of one row that are still to be accumulated (`raw`).
 */
export interface PartialBatch extends ColumnBatch {
  readonly columns: readonly [keys: Int32Array | readonly Key[], frames: Float64Array, ...values: ColumnValues[]];
}

const KEY = 'key';
const FRAME = 'frame';
/** First letter of the names of value columns. */
const COMBINED = 'c';
const RAW = 'r';

/** Bytes of a value that is not a number: an estimate. */
const VALUE_BYTES_ESTIMATE = 64;

/** The schemas of one input's partials; each is one object, because loops and codecs are kept by schema. */
export class PartialSchemas {
  /** Indexes into the layout's columns that this input feeds, for both forms. */
  readonly combined: readonly number[];
  readonly raw: readonly number[];
  readonly #schemas = new Map<string, ColumnSchema>();
  readonly #layout: AccumulatorLayout;

  constructor(layout: AccumulatorLayout, input: number) {
    this.#layout = layout;
    const fed = layout.columns.flatMap((column, index) =>
      column.input === undefined || column.input === input ? [index] : [],
    );
    this.combined = fed;
    this.raw = fed.filter((index) => layout.columns[index]!.op !== 'count');
  }

  make(
    form: 'combined' | 'raw',
    length: number,
    keys: Int32Array | readonly Key[],
    frames: Float64Array,
    values: readonly ColumnValues[],
  ): PartialBatch {
    const schema = this.#schemaOf(form, keys instanceof Int32Array);
    let bytes = keys instanceof Int32Array ? 4 : VALUE_BYTES_ESTIMATE;
    for (const column of values) bytes += column instanceof Float64Array ? 8 : VALUE_BYTES_ESTIMATE;
    return { kind: 'columns', length, byteLength: length * (bytes + 8), schema, columns: [keys, frames, ...values] };
  }

  #schemaOf(form: 'combined' | 'raw', hasIntKeys: boolean): ColumnSchema {
    const name = `${form}${hasIntKeys}`;
    let schema = this.#schemas.get(name);
    if (schema === undefined) {
      const letter = form === 'combined' ? COMBINED : RAW;
      const values = this[form].map(
        (index): ColumnField => ({
          name: `${letter}${index}`,
          type: isNumeric(this.#layout.columns[index]!.op) ? 'float64' : 'any',
        }),
      );
      const key: ColumnField = { name: KEY, type: hasIntKeys ? 'int32' : 'any' };
      schema = { fields: [key, { name: FRAME, type: 'float64' }, ...values] };
      this.#schemas.set(name, schema);
    }
    return schema;
  }
}

/** Whether the values of a partial batch are rows still to be accumulated. */
export const isRaw = ({ schema }: PartialBatch): boolean =>
  schema.fields.length === 2 || schema.fields[2]!.name.startsWith(RAW);
