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

/** Before the names of the fields of rows that travel as columns, behind all other values. */
const ROW_FIELD = 'row.';

/** Bytes of a value that is not a number: an estimate. */
const VALUE_BYTES_ESTIMATE = 64;

/** The schemas of one input's partials; each is one object, because loops and codecs are kept by schema. */
export class PartialSchemas {
  /** Indexes into the layout's columns that this input feeds, for both forms. */
  readonly combined: readonly number[];
  readonly raw: readonly number[];
  readonly #schemas = new Map<string, ColumnSchema>();
  /** By schema of the rows, then by whether keys are integers. */
  readonly #spread = new WeakMap<ColumnSchema, Map<boolean, ColumnSchema>>();
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

  /** Whether this column of the layout lists the rows themselves. */
  isRowList(index: number): boolean {
    const { op, of } = this.#layout.columns[index]!;
    return op === 'list' && of === undefined;
  }

  /** Raw values of rows of which the one that is the row itself stays in the columns it came in. */
  makeSpread(
    rows: ColumnBatch,
    keys: Int32Array | readonly Key[],
    frames: Float64Array,
    values: readonly ColumnValues[],
  ): PartialBatch {
    const { length, byteLength } = rows;
    let schemas = this.#spread.get(rows.schema);
    if (schemas === undefined) {
      schemas = new Map();
      this.#spread.set(rows.schema, schemas);
    }
    const hasIntKeys = keys instanceof Int32Array;
    let schema = schemas.get(hasIntKeys);
    if (schema === undefined) {
      const others = this.raw.filter((index) => !this.isRowList(index));
      const fields = rows.schema.fields.map(({ name, type }) => ({ name: `${ROW_FIELD}${name}`, type }));
      schema = { fields: [...this.#fields('raw', hasIntKeys, others), ...fields] };
      schemas.set(hasIntKeys, schema);
    }
    return {
      kind: 'columns',
      length,
      byteLength: byteLength + length * (16 + VALUE_BYTES_ESTIMATE * values.length),
      schema,
      columns: [keys, frames, ...values, ...rows.columns],
    };
  }

  #schemaOf(form: 'combined' | 'raw', hasIntKeys: boolean): ColumnSchema {
    const name = `${form}${hasIntKeys}`;
    let schema = this.#schemas.get(name);
    if (schema === undefined) {
      schema = { fields: this.#fields(form, hasIntKeys, this[form]) };
      this.#schemas.set(name, schema);
    }
    return schema;
  }

  #fields(form: 'combined' | 'raw', hasIntKeys: boolean, columns: readonly number[]): readonly ColumnField[] {
    const letter = form === 'combined' ? COMBINED : RAW;
    const values = columns.map(
      (index): ColumnField => ({
        name: `${letter}${index}`,
        type: isNumeric(this.#layout.columns[index]!.op) ? 'float64' : 'any',
      }),
    );
    const key: ColumnField = { name: KEY, type: hasIntKeys ? 'int32' : 'any' };
    return [key, { name: FRAME, type: 'float64' }, ...values];
  }
}

/** Whether the values of a partial batch are rows still to be accumulated. */
export const isRaw = ({ schema }: PartialBatch): boolean =>
  schema.fields.length === 2 || schema.fields[2]!.name.startsWith(RAW);

/** Rows that a partial batch has in columns. */
export interface SpreadRows {
  /** Index of the first of the columns. */
  readonly first: number;
  readonly schema: ColumnSchema;
}

const spreadRows = new WeakMap<ColumnSchema, SpreadRows | 'none'>();

/** Where in the columns of a raw batch the rows are; `undefined`: they are among the values. */
export function spreadRowsOf(schema: ColumnSchema): SpreadRows | undefined {
  let found = spreadRows.get(schema);
  if (found === undefined) {
    const first = schema.fields.findIndex(({ name }) => name.startsWith(ROW_FIELD));
    const fields = schema.fields.slice(first).map(({ name, type }) => ({ name: name.slice(ROW_FIELD.length), type }));
    found = first < 0 ? 'none' : { first, schema: { fields } };
    spreadRows.set(schema, found);
  }
  return found === 'none' ? undefined : found;
}
