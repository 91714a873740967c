import { type ChangeBatch, type Column, NO_TUPLE, NULL, Op, type TableSchema, TupleCursor } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { PlainNeedsColumn, PlainValueMissing } from '../errors.ts';
import type { PartWriter } from './part-writer.ts';

/** The column whose value is the key. @throws MillraceError `kafka.plain_needs_column` */
export function plainKeyColumn(table: TableSchema, names: readonly string[] | undefined): Column {
  const key = table.columns.filter((column) => (names === undefined ? column.key : names.includes(column.name)));
  if (key.length === 1) return key[0]!;
  throw new MillraceError(PlainNeedsColumn, {
    message: `a plain key is the value of one column, and ${table.id} has ${key.length} in its key`,
    mend: 'Name one column in "key", or use keyFormat json.',
    pointer: '/key',
  });
}

/** The column whose value is the value. @throws MillraceError `kafka.plain_needs_column` */
export function plainValueColumn(
  table: TableSchema,
  name: string | undefined,
  key: readonly string[] | undefined,
): Column {
  const isKey = (column: Column): boolean => (key === undefined ? column.key : key.includes(column.name));
  const found = table.columns.filter((column) => (name === undefined ? !isKey(column) : column.name === name));
  if (found.length === 1) return found[0]!;
  throw new MillraceError(PlainNeedsColumn, {
    message:
      name === undefined
        ? `a plain value is that of one column, and ${table.id} has ${found.length} outside its key`
        : `table ${table.id} has no column ${name}`,
    mend: 'Name one column in "value", or select it and the key.',
    pointer: '/value',
  });
}

/** The value of one column as it is: text as PostgreSQL prints it, bytea as its bytes. NULL is no part. */
export class PlainPart implements PartWriter {
  readonly #columnOf: (table: TableSchema) => Column;
  readonly #isKey: boolean;
  readonly #columns = new WeakMap<TableSchema, Column>();
  readonly #cursor = new TupleCursor();

  constructor(part: 'key' | 'value', columnOf: (table: TableSchema) => Column) {
    this.#isKey = part === 'key';
    this.#columnOf = columnOf;
  }

  /** @throws MillraceError `kafka.plain_needs_column`, `kafka.plain_value_missing` */
  write(batch: ChangeBatch, index: number): Uint8Array | undefined {
    if (batch.op[index] === Op.Delete && !this.#isKey) return undefined;
    const table = batch.schemas[batch.schemaOf[index]!]!;
    const { field, kind, name } = this.#column(table);
    const after = batch.after[index]!;
    const cursor = this.#cursor;
    cursor.read(batch.bytes, after === NO_TUPLE ? batch.before[index]! : after);
    const length = cursor.lengths[field]!;
    if (length === NULL) return undefined;
    if (length < NULL) throw notSent(table, name);
    const start = cursor.starts[field]!;
    const text = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset + start, length);
    const isHex = kind === 'bytea' && text.toString('latin1', 0, 2) === '\\x';
    return isHex ? Buffer.from(text.toString('latin1', 2), 'hex') : text;
  }

  #column(table: TableSchema): Column {
    let column = this.#columns.get(table);
    if (column === undefined) {
      column = this.#columnOf(table);
      this.#columns.set(table, column);
    }
    return column;
  }
}

const notSent = ({ id }: TableSchema, column: string): MillraceError =>
  new MillraceError(PlainValueMissing, {
    message: `PostgreSQL did not send column ${column} of ${id} again, because an update did not change it`,
    mend: `ALTER TABLE ${id} REPLICA IDENTITY FULL;`,
  });
