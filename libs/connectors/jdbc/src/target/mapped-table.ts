import type { Column, ColumnKind, TableSchema } from '@millrace/formats';
import type { StageOptions } from '../config.ts';

/** A source table as the stage's options want it in the target: columns left out, renamed, and what the sink adds. */
export interface MappedTable {
  readonly source: TableSchema;
  /** Columns by their names in the target; what the sink adds comes last and has the field `ADDED`. */
  readonly columns: readonly Column[];
  /** Names of the key columns in the target; none where rows are appended. */
  readonly key: readonly string[];
}

/** Not in the tuple: the sink writes it by itself. */
export const ADDED = -1;

const added = (name: string, kind: ColumnKind, sqlType: string): Column => ({
  name,
  field: ADDED,
  kind,
  sqlType,
  key: false,
  nullable: true,
});

/** Kind of the change, and its position at the source (null for rows of the initial load). */
const CHANGE_COLUMNS: readonly Column[] = [
  added('_op', 'text', 'character varying(1)'),
  added('_lsn', 'text', 'character varying(17)'),
  added('_index', 'bigint', 'bigint'),
];

/** Assumes that `sourceObstacles` found nothing. */
export function mapTable(source: TableSchema, stage: StageOptions): MappedTable {
  const isKey = (column: Column): boolean => stage.key?.includes(column.name) ?? column.key;
  const nameOf = ({ name }: Column): string => stage.columns[name] || name;
  const columns = source.columns
    .filter((column) => stage.columns[column.name] !== false)
    .map((column) => ({ ...column, name: nameOf(column) }));
  const key = source.columns.filter(isKey).map(nameOf);
  if (stage.mode === 'append') {
    return { source, columns: [...columns, ...(stage.changeColumns ? CHANGE_COLUMNS : [])], key: [] };
  }
  if (stage.mode !== 'upsert' || stage.deletes !== 'mark') return { source, columns, key };
  return { source, columns: [...columns, added(stage.deletedColumn, 'boolean', 'boolean')], key };
}
