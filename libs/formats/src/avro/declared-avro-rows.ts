import { UNCHANGED } from '../change/rows.ts';
import type { Column } from '../change/table-schema.ts';
import { columnText, NotAValue } from '../declared/column-text.ts';
import { type ColumnValue, columnValues, type DeclaredRow } from '../declared/declared-row.ts';
import { avroName } from './avro-name.ts';
import { type AvroRead, type AvroReader, type AvroReadField, jsonOf } from './avro-reader.ts';
import { UNCHANGED_FIELD } from './avro-schema.ts';

/** Rows of declared columns from records of one schema. A column without a field of its name is null. */
export class DeclaredAvroRows {
  readonly #reader: AvroReader;
  readonly #columns: readonly Column[];
  readonly #fields: readonly (AvroReadField | undefined)[];

  constructor(reader: AvroReader, columns: readonly Column[]) {
    this.#reader = reader;
    this.#columns = columns;
    const byColumn = new Map(reader.fields.map((field) => [field.column, field]));
    const byName = new Map(reader.fields.map((field) => [field.name, field]));
    this.#fields = columns.map(({ name }) => byColumn.get(name) ?? byName.get(avroName(name)));
  }

  /** @throws NotAValue */
  row(bytes: Buffer): DeclaredRow {
    return this.#row(attempt(() => this.#reader.record(bytes)));
  }

  /** The row of the record that begins at an offset, and where that ends. @throws NotAValue */
  rowAt(bytes: Buffer, at: number): { readonly row: DeclaredRow; readonly end: number } {
    const { record, end } = attempt(() => this.#reader.recordAt(bytes, at));
    return { row: this.#row(record), end };
  }

  #row(record: Readonly<Record<string, unknown>>): DeclaredRow {
    const unchanged = record[UNCHANGED_FIELD];
    return columnValues(this.#columns, (column, index) => {
      const field = this.#fields[index];
      if (field === undefined) return null;
      const read = field.read(record[field.name]);
      const isUnchanged = read === null && Array.isArray(unchanged) && unchanged.includes(column.name);
      return isUnchanged ? UNCHANGED : columnValue(column, read);
    });
  }
}

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new NotAValue(`it is no record of its schema: ${(error as Error).message}`);
  }
}

function columnValue(column: Column, read: AvroRead | null): ColumnValue {
  if (read === null) return null;
  const { kind, value } = read;
  if (kind === 'text') return columnText(column, value, true);
  if (kind === column.kind && kind !== 'json') return value as string;
  return columnText(column, jsonOf(read), false);
}
