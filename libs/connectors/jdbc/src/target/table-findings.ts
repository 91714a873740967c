import type { Finding } from '@millrace/connector-contract';
import type { Column, TableSchema } from '@millrace/formats';
import { type ErrorCode, suggestNames } from '@millrace/kernel';
import type { StageOptions, TargetName } from '../config.ts';
import {
  ColumnMissing,
  ColumnNotFed,
  ColumnShared,
  ColumnTypeUnfit,
  ColumnUnknown,
  KeyIndexMissing,
  KeyMissing,
  KeyNotDelivered,
  KeyUnknown,
  NotATable,
  RightsMissing,
  TableMissing,
} from '../errors.ts';
import type { TargetCatalog, TargetTable } from './catalog.ts';
import { type MappedTable, mapTable } from './mapped-table.ts';

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

const sourceTable = ({ schema, table }: TableSchema): string =>
  [schema, table].map((name) => `"${name.replaceAll('"', '""')}"`).join('.');

/** What is wrong with the options for this table, whatever the target looks like. */
export function sourceObstacles(source: TableSchema, stage: StageOptions): readonly Obstacle[] {
  const names = source.columns.map((column) => column.name);
  const unknown = Object.keys(stage.columns).filter((name) => !names.includes(name));
  // A mapping stands for all tables of the stage: it must fit at least where the name is given for one table only.
  const mapping = stage.table?.includes('{table}') !== false ? [] : unknown;
  return [
    ...mapping.map((name) =>
      obstacle(
        ColumnUnknown,
        `table ${source.id} has no column "${name}" to rename or leave out`,
        suggestNames('column', name, names),
        `/columns/${name}`,
      ),
    ),
    ...sharedNames(source, stage),
    ...(stage.mode === 'append' ? [] : keyObstacles(source, stage, names)),
  ];
}

/** Renamed columns may meet others, and so may those that the sink adds. */
function sharedNames(source: TableSchema, stage: StageOptions): readonly Obstacle[] {
  const names = mapTable(source, stage).columns.map((column) => column.name);
  const shared = names.filter((name, index) => names.indexOf(name) !== index);
  return shared.map((name) =>
    obstacle(
      ColumnShared,
      `two columns of table ${source.id} would be written to "${name}"`,
      'Rename one of them with "columns" (or the marker with "deletedColumn").',
      '/columns',
    ),
  );
}

function keyObstacles(source: TableSchema, stage: StageOptions, names: readonly string[]): readonly Obstacle[] {
  const own = source.columns.filter((column) => column.key).map((column) => column.name);
  if (stage.key === undefined) {
    const omitted = own.filter((name) => stage.columns[name] === false);
    if (omitted.length > 0) {
      const message = `"${omitted[0]}" is part of the key of table ${source.id} and cannot be left out`;
      return [obstacle(KeyUnknown, message, 'Rename it instead, or choose another "key".', '/columns')];
    }
    if (own.length > 0) return [];
    const message = `table ${source.id} has no key, so "${stage.mode}" cannot tell its rows apart`;
    const table = sourceTable(source);
    const mend = `Give it one at the source (ALTER TABLE ${table} ADD PRIMARY KEY (…);), or name the columns in "key" and set ALTER TABLE ${table} REPLICA IDENTITY FULL;`;
    return [obstacle(KeyMissing, message, mend, '/key')];
  }
  return stage.key.flatMap((name, index) => {
    if (!names.includes(name) || stage.columns[name] === false) {
      const message = `table ${source.id} has no column "${name}" to use as key`;
      return [obstacle(KeyUnknown, message, suggestNames('column', name, names), `/key/${index}`)];
    }
    if (own.includes(name) || source.replicaIdentity === 'full') return [];
    const message = `deletes and updates of table ${source.id} do not carry "${name}", so it cannot be its key`;
    return [
      obstacle(KeyNotDelivered, message, `ALTER TABLE ${sourceTable(source)} REPLICA IDENTITY FULL;`, `/key/${index}`),
    ];
  });
}

/** What keeps rows of `source` from being written to the target as it stands. */
export async function tableObstacles(
  catalog: TargetCatalog,
  name: TargetName,
  target: TargetTable | undefined,
  mapped: MappedTable,
  stage: StageOptions,
): Promise<readonly Obstacle[]> {
  const table = catalog.quoteTable(name);
  if (target === undefined) {
    if (stage.createTable) return [];
    const mend = 'Create it, or set "createTable" to true.';
    const message = `the target table ${table} for ${mapped.source.id} does not exist`;
    return [obstacle(TableMissing, message, mend, '/createTable')];
  }
  if (!target.isTable) {
    const mend = 'Choose another name with "table", for example "{table}_copy".';
    return [obstacle(NotATable, `${table} exists at the target but is not a table`, mend, '/table')];
  }
  return [
    ...(await columnObstacles(catalog, table, target, mapped, stage)),
    ...(mapped.key.length === 0 ? [] : indexObstacles(catalog, table, target, mapped.key)),
    ...rightsObstacles(table, target, mapped, stage),
  ];
}

/** Columns the target lacks and that may be added: all but the key, which would need an index. */
export function missingColumns(target: TargetTable, { columns, key }: MappedTable): readonly Column[] {
  const there = new Set(target.columns.map((column) => column.name));
  return columns.filter((column) => !there.has(column.name) && !key.includes(column.name));
}

async function columnObstacles(
  catalog: TargetCatalog,
  table: string,
  target: TargetTable,
  { source, columns, key }: MappedTable,
  stage: StageOptions,
): Promise<readonly Obstacle[]> {
  const found: Obstacle[] = [];
  const there = new Map(target.columns.map((column) => [column.name, column]));
  for (const column of columns) {
    const isKey = key.includes(column.name);
    const known = there.get(column.name);
    if (known === undefined) {
      if (stage.addColumns && !isKey) continue;
      const message = `the target table ${table} has no column "${column.name}" (${column.sqlType} in ${source.id})`;
      const type = await catalog.typeOf(column, isKey);
      const mend = `ALTER TABLE ${table} ADD COLUMN ${catalog.quoteName(column.name)} ${type};`;
      found.push(obstacle(ColumnMissing, message, mend));
      continue;
    }
    const misfit = known.computed ? undefined : catalog.misfit(column, known);
    if (misfit === undefined) continue;
    const message = `column "${column.name}" of ${table} is ${known.type}, which does not hold every ${column.sqlType} of ${source.id} exactly: ${misfit}`;
    const mend = `Make it ${await catalog.typeOf(column, isKey)}, or leave it out with "columns".`;
    found.push(obstacle(ColumnTypeUnfit, message, mend, '/columns'));
  }
  const fed = new Set(columns.map((column) => column.name));
  for (const column of target.columns) {
    if (!column.notNull || column.hasDefault || column.computed || fed.has(column.name)) continue;
    const message = `column "${column.name}" of the target table ${table} must not be null, but ${source.id} has no such column`;
    const mend = catalog.nullableSql(table, catalog.quoteName(column.name), column.type);
    found.push(obstacle(ColumnNotFed, message, mend));
  }
  return found;
}

function indexObstacles(
  catalog: TargetCatalog,
  table: string,
  target: TargetTable,
  key: readonly string[],
): readonly Obstacle[] {
  const wanted = [...key].sort().join('\0');
  if (target.uniqueKeys.some((columns) => [...columns].sort().join('\0') === wanted)) return [];
  const columns = key.map((name) => catalog.quoteName(name)).join(', ');
  const message = `the target table ${table} has no unique index on exactly (${columns}) that covers all rows at once`;
  return [obstacle(KeyIndexMissing, message, catalog.uniqueKeySql(table, columns))];
}

function rightsObstacles(
  table: string,
  target: TargetTable,
  mapped: MappedTable,
  stage: StageOptions,
): readonly Obstacle[] {
  const deletes = stage.mode === 'upsert' && stage.deletes === 'apply';
  const adds = stage.addColumns && missingColumns(target, mapped).length > 0;
  const needs = (right: string): boolean =>
    right === 'ALTER'
      ? adds
      : right === 'TRUNCATE' || right === 'DELETE'
        ? deletes
        : right === 'UPDATE'
          ? stage.mode === 'upsert'
          : true;
  const missing = target.rightsMissing.filter(needs);
  if (missing.length === 0) return [];
  const rights = missing.join(', ');
  const mend = missing.includes('ALTER')
    ? `Add the columns yourself, or let the sink's role alter ${table} (at PostgreSQL: own it).`
    : `GRANT ${rights} ON ${table} TO <the sink's role>;`;
  return [obstacle(RightsMissing, `the sink's role lacks ${rights} on ${table}`, mend)];
}
