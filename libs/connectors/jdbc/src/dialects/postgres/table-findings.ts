import type { Finding } from '@millrace/connector-contract';
import type { TableSchema } from '@millrace/formats';
import { type ErrorCode, suggestNames } from '@millrace/kernel';
import type { StageOptions, TargetName } from '../../config.ts';
import {
  ColumnMissing,
  ColumnNotFed,
  KeyIndexMissing,
  KeyMissing,
  KeyNotDelivered,
  KeyUnknown,
  NotATable,
  RightsMissing,
  TableMissing,
} from '../../errors.ts';
import { quoteName, quoteTable } from './quote.ts';
import type { TargetTable } from './target-table.ts';

/** A finding that stands in the way, with the code it is thrown with when the job runs. */
export interface Obstacle extends Finding {
  readonly error: ErrorCode;
}

const obstacle = (error: ErrorCode, message: string, mend: string, pointer?: string): Obstacle => ({
  error,
  code: error.code,
  severity: 'error',
  message,
  mend,
  pointer,
});

/** The columns that identify a row, or why there are none. */
export function keyOf(
  source: TableSchema,
  stage: StageOptions,
): { readonly key: readonly string[]; readonly obstacles: readonly Obstacle[] } {
  const own = source.columns.filter((column) => column.key).map((column) => column.name);
  if (stage.key === undefined) {
    if (own.length > 0) return { key: own, obstacles: [] };
    const message = `table ${source.id} has no key, so "upsert" cannot tell its rows apart`;
    const table = quoteTable(source);
    const mend = `Give it one at the source (ALTER TABLE ${table} ADD PRIMARY KEY (…);), or name the columns in "key" and set ALTER TABLE ${table} REPLICA IDENTITY FULL;`;
    return { key: [], obstacles: [obstacle(KeyMissing, message, mend, '/key')] };
  }
  const names = source.columns.map((column) => column.name);
  const obstacles = stage.key.flatMap((name, index) => {
    if (!names.includes(name)) {
      const message = `table ${source.id} has no column "${name}" to use as key`;
      return [obstacle(KeyUnknown, message, suggestNames('column', name, names), `/key/${index}`)];
    }
    if (own.includes(name) || source.replicaIdentity === 'full') return [];
    const message = `deletes and updates of table ${source.id} do not carry "${name}", so it cannot be its key`;
    return [
      obstacle(KeyNotDelivered, message, `ALTER TABLE ${quoteTable(source)} REPLICA IDENTITY FULL;`, `/key/${index}`),
    ];
  });
  return {
    key: source.columns.filter((column) => stage.key!.includes(column.name)).map(({ name }) => name),
    obstacles,
  };
}

/** What keeps rows of `source` from being written to the target as it stands. */
export function tableObstacles(
  name: TargetName,
  target: TargetTable | undefined,
  source: TableSchema,
  key: readonly string[],
  stage: StageOptions,
): readonly Obstacle[] {
  const table = quoteTable(name);
  if (target === undefined) {
    if (stage.createTable) return [];
    const mend = 'Create it, or set "createTable" to true.';
    return [obstacle(TableMissing, `the target table ${table} for ${source.id} does not exist`, mend, '/createTable')];
  }
  if (target.kind !== 'r' && target.kind !== 'p') {
    const mend = 'Choose another name with "table", for example "{schema}_copy.{table}".';
    return [obstacle(NotATable, `${table} exists at the target but is not a table`, mend, '/table')];
  }
  return [
    ...columnObstacles(table, target, source),
    ...keyObstacles(table, target, key),
    ...rightsObstacles(table, target, stage),
  ];
}

function columnObstacles(table: string, target: TargetTable, source: TableSchema): readonly Obstacle[] {
  const there = new Set(target.columns.map((column) => column.name));
  const missing = source.columns
    .filter((column) => !there.has(column.name))
    .map((column) =>
      obstacle(
        ColumnMissing,
        `the target table ${table} has no column "${column.name}" (${column.sqlType} in ${source.id})`,
        `ALTER TABLE ${table} ADD COLUMN ${quoteName(column.name)} ${column.sqlType};`,
      ),
    );
  const fed = new Set(source.columns.map((column) => column.name));
  const unfed = target.columns
    .filter((column) => column.notNull && !column.hasDefault && !column.computed && !fed.has(column.name))
    .map((column) =>
      obstacle(
        ColumnNotFed,
        `column "${column.name}" of the target table ${table} must not be null, but ${source.id} has no such column`,
        `ALTER TABLE ${table} ALTER COLUMN ${quoteName(column.name)} DROP NOT NULL;`,
      ),
    );
  return [...missing, ...unfed];
}

function keyObstacles(table: string, target: TargetTable, key: readonly string[]): readonly Obstacle[] {
  const wanted = [...key].sort().join('\0');
  if (target.uniqueKeys.some((columns) => [...columns].sort().join('\0') === wanted)) return [];
  const columns = key.map(quoteName).join(', ');
  const message = `the target table ${table} has no unique index on exactly (${columns}) that covers all rows at once`;
  return [obstacle(KeyIndexMissing, message, `CREATE UNIQUE INDEX ON ${table} (${columns});`)];
}

function rightsObstacles(table: string, target: TargetTable, stage: StageOptions): readonly Obstacle[] {
  const missing = target.rightsMissing.filter(
    (right) => stage.deletes === 'apply' || (right !== 'TRUNCATE' && right !== 'DELETE'),
  );
  if (missing.length === 0) return [];
  const rights = missing.join(', ');
  return [
    obstacle(
      RightsMissing,
      `the sink's role lacks ${rights} on ${table}`,
      `GRANT ${rights} ON ${table} TO <the sink's role>;`,
    ),
  ];
}
