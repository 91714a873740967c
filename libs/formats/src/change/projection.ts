import { errorCode, MillraceError, nearNames } from '@millrace/kernel';
import type { ChangeBatch } from './change-batch.ts';
import type { Column, TableSchema } from './table-schema.ts';

export const SelectUnknownColumn = errorCode('pipeline.select_unknown_column', {
  domain: 'user',
  retry: 'never',
  title: 'select names a column that the table does not have',
});

/** One output column of a select stage. */
export interface SelectedColumn {
  readonly name: string;
  readonly column: string;
  /** JSON pointer of its expression. */
  readonly pointer: string;
}

/** Output names and the columns they take, in the order of the document. Remembers the schemas it has projected. */
export interface Selection {
  readonly columns: readonly SelectedColumn[];
  readonly projected: WeakMap<TableSchema, TableSchema>;
}

export const selectionOf = (columns: readonly SelectedColumn[]): Selection => ({ columns, projected: new WeakMap() });

/**
 * The table as it looks after the selection: its columns point into the same raw tuples. The same object for the same schema.
 * The key survives only whole: without one of its columns the rows have no key any more.
 * @throws MillraceError `pipeline.select_unknown_column`
 */
export function projectSchema(schema: TableSchema, selection: Selection): TableSchema {
  const known = selection.projected.get(schema);
  if (known !== undefined) return known;
  const columns = selection.columns.map(({ name, column, pointer }) => {
    const found = schema.columns.find((candidate) => candidate.name === column);
    if (found === undefined) throw unknownColumn(schema, column, pointer);
    return { ...found, name };
  });
  const projected = { ...schema, columns: keepWholeKey(schema, columns) };
  selection.projected.set(schema, projected);
  return projected;
}

/** The batch with projected schemas; tuples, flags, positions and transactions are those of `batch` and are not copied. */
export function projectBatch(batch: ChangeBatch, selection: Selection): ChangeBatch {
  return { ...batch, schemas: batch.schemas.map((schema) => projectSchema(schema, selection)) };
}

function keepWholeKey(schema: TableSchema, columns: readonly Column[]): Column[] {
  const fields = new Set(columns.map((column) => column.field));
  const isWhole = schema.columns.every((column) => !column.key || fields.has(column.field));
  const marked = new Set<number>();
  return columns.map((column) => {
    // A key column selected twice is part of the key once.
    const key = isWhole && column.key && !marked.has(column.field);
    if (key) marked.add(column.field);
    return { ...column, key };
  });
}

function unknownColumn(schema: TableSchema, column: string, pointer: string): MillraceError {
  const names = schema.columns.map((candidate) => candidate.name);
  const near = nearNames(column, names);
  const written = (list: readonly string[]): string =>
    list.map((name) => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name}"`)).join(', ');
  return new MillraceError(SelectUnknownColumn, {
    message: `table ${schema.id} has no column "${column}"`,
    mend: near.length > 0 ? `Did you mean ${written(near)}?` : `Its columns: ${written(names)}.`,
    pointer,
    details: { table: schema.id, column, near },
  });
}
