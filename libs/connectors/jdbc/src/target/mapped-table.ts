import type { Column, TableSchema } from '@millrace/formats';
import type { StageOptions } from '../config.ts';

/** A source table as the stage's options want it in the target: columns left out, renamed, and the marker of deleted rows. */
export interface MappedTable {
  readonly source: TableSchema;
  /** Columns by their names in the target; the marker, if any, is the last and has the field `MARKER`. */
  readonly columns: readonly Column[];
  /** Names of the key columns in the target. */
  readonly key: readonly string[];
}

/** Not in the tuple: the sink writes it by itself. */
export const MARKER = -1;

/** Assumes that `sourceObstacles` found nothing. */
export function mapTable(source: TableSchema, stage: StageOptions): MappedTable {
  const isKey = (column: Column): boolean => stage.key?.includes(column.name) ?? column.key;
  const nameOf = ({ name }: Column): string => stage.columns[name] || name;
  const columns = source.columns
    .filter((column) => stage.columns[column.name] !== false)
    .map((column) => ({ ...column, name: nameOf(column) }));
  const key = source.columns.filter(isKey).map(nameOf);
  if (stage.mode !== 'upsert' || stage.deletes !== 'mark') return { source, columns, key };
  const marker: Column = {
    name: stage.deletedColumn,
    field: MARKER,
    kind: 'boolean',
    sqlType: 'boolean',
    key: false,
    nullable: true,
  };
  return { source, columns: [...columns, marker], key };
}
