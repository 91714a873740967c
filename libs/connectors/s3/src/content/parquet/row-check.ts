import {
  ByteOutput,
  beforeColumns,
  type ChangeBatch,
  NO_TUPLE,
  NULL,
  type TableSchema,
  TupleCursor,
} from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { ValueNotResent, ValueUnsupported } from '../../errors.ts';
import { type ParquetColumn, parquetColumns } from './parquet-schema.ts';
import { NotRepresentable } from './parquet-value.ts';

const START_BYTES = 2_048;

/** A column with what a check of its values needs. */
interface CheckedColumn extends ParquetColumn {
  readonly field: number;
  /** Of a deleted row as well. */
  readonly isInBefore: boolean;
}

/** Tells of single rows whether a row group could hold them: in the group itself it would be too late to leave one out. */
export class ParquetRowCheck {
  readonly #hasMetadata: boolean;
  readonly #columns = new WeakMap<TableSchema, readonly CheckedColumn[]>();
  readonly #cursor = new TupleCursor();
  /** Values are written to be forgotten. */
  readonly #tried = new ByteOutput(START_BYTES);

  constructor(hasMetadata: boolean) {
    this.#hasMetadata = hasMetadata;
  }

  refusal(batch: ChangeBatch, index: number): MillraceError | undefined {
    const after = batch.after[index]!;
    const offset = after === NO_TUPLE ? batch.before[index]! : after;
    if (offset === NO_TUPLE) return undefined;
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    this.#cursor.read(batch.bytes, offset);
    const { lengths, starts } = this.#cursor;
    this.#tried.clear();
    for (const { element, plain, field, isInBefore } of this.#columnsOf(schema)) {
      const length = lengths[field]!;
      if (length === NULL || (after === NO_TUPLE && !isInBefore)) continue;
      if (length < NULL) {
        if (this.#hasMetadata) continue;
        return valueNotResent(schema, element.name);
      }
      try {
        plain(this.#tried, batch.bytes, starts[field]!, length);
      } catch (error) {
        if (!(error instanceof NotRepresentable)) throw error;
        return valueUnsupported(schema, element.name, error.message);
      }
    }
    return undefined;
  }

  #columnsOf(schema: TableSchema): readonly CheckedColumn[] {
    let columns = this.#columns.get(schema);
    if (columns === undefined) {
      const before = new Set(beforeColumns(schema));
      columns = parquetColumns(schema).map((column, index) => {
        const source = schema.columns[index]!;
        return { ...column, field: source.field, isInBefore: before.has(source) };
      });
      this.#columns.set(schema, columns);
    }
    return columns;
  }
}

export const valueUnsupported = ({ id }: TableSchema, column: string, reason: string): MillraceError =>
  new MillraceError(ValueUnsupported, {
    message: `a value of "${column}" of ${id} ${reason}, which its Parquet type does not have`,
    mend: `Select the column as text ("${column}": "${column}::text"), or write ndjson.`,
    details: { table: id, column },
  });

export const valueNotResent = ({ id }: TableSchema, column: string): MillraceError =>
  new MillraceError(ValueNotResent, {
    message: `an update of ${id} came without its large value of "${column}", which PostgreSQL does not resend when it did not change; Parquet without metadata can't say so`,
    mend: 'Set metadata to true (then the column __unchanged names it), or leave the column out with a select stage.',
    details: { table: id, column },
  });
