import { type ErrorCode, MillraceError } from '@millrace/kernel';
import { type ChangeBatch, NO_TUPLE } from '../../change/change-batch.ts';
import { beforeColumns } from '../../change/rows.ts';
import { type TableSchema } from '../../change/table-schema.ts';
import { NULL, TupleCursor } from '../../change/tuple.ts';
import { ByteOutput } from '../../json/byte-output.ts';
import type { ContentCodes } from '../content-format.ts';
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

  readonly #codes: ContentCodes;

  constructor(hasMetadata: boolean, codes: ContentCodes) {
    this.#hasMetadata = hasMetadata;
    this.#codes = codes;
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
        return valueNotResent(this.#codes.valueNotResent, schema, element.name);
      }
      try {
        plain(this.#tried, batch.bytes, starts[field]!, length);
      } catch (error) {
        if (!(error instanceof NotRepresentable)) throw error;
        return valueUnsupported(this.#codes.valueUnsupported, schema, element.name, error.message);
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

export const valueUnsupported = (code: ErrorCode, { id }: TableSchema, column: string, reason: string): MillraceError =>
  new MillraceError(code, {
    message: `a value of "${column}" of ${id} ${reason}, which its Parquet type does not have`,
    mend: `Select the column as text ("${column}": "${column}::text"), or write ndjson.`,
    details: { table: id, column },
  });

export const valueNotResent = (code: ErrorCode, { id }: TableSchema, column: string): MillraceError =>
  new MillraceError(code, {
    message: `an update of ${id} came without its large value of "${column}", which PostgreSQL does not resend when it did not change; Parquet without metadata can't say so`,
    mend: 'Set metadata to true (then the column __unchanged names it), or leave the column out with a select stage.',
    details: { table: id, column },
  });
