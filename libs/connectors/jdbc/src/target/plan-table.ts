import type { Column, TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { type StageOptions, targetName } from '../config.ts';
import type { TablePlan } from '../upsert/table-plan.ts';
import type { TargetCatalog, TargetTable } from './catalog.ts';
import { ADDED, type MappedTable, mapTable } from './mapped-table.ts';
import { missingColumns, type Obstacle, sourceObstacles, tableObstacles } from './table-findings.ts';

/**
 * Finds out how a table is written; creates it or its new columns when they are missing and may be created.
 * @throws MillraceError with the code of the first finding that stands in the way.
 */
export async function planTable(
  catalog: TargetCatalog,
  source: TableSchema,
  stage: StageOptions,
  defaultTable: string,
): Promise<TablePlan> {
  const name = targetName(stage.table ?? defaultTable, source);
  throwFirst(sourceObstacles(source, stage));
  const mapped = mapTable(source, stage);
  let target = await catalog.describe(name);
  throwFirst(await tableObstacles(catalog, name, target, mapped, stage));
  const isKey = (column: Column): boolean => mapped.key.includes(column.name);
  const definition = async (column: Column): Promise<string> =>
    `${catalog.quoteName(column.name)} ${await catalog.typeOf(column, isKey(column))}`;
  if (target === undefined) {
    await catalog.create(name, await tableDefinitions(catalog, mapped, definition));
    target = await catalog.describe(name);
  } else {
    const missing = missingColumns(target, mapped);
    for (const column of missing) await catalog.addColumn(name, await definition(column));
    if (missing.length > 0) target = await catalog.describe(name);
  }
  return tablePlan(catalog.quoteTable(name), mapped, target!, stage);
}

/** Only the key is `not null`, so that a sparse source row never fails. */
async function tableDefinitions(
  catalog: TargetCatalog,
  mapped: MappedTable,
  definition: (column: Column) => Promise<string>,
): Promise<string> {
  const parts: string[] = [];
  for (const column of mapped.columns) {
    parts.push(`${await definition(column)}${mapped.key.includes(column.name) ? ' not null' : ''}`);
  }
  const key = mapped.key.map((name) => catalog.quoteName(name)).join(', ');
  if (key !== '') parts.push(`primary key (${key})`);
  return parts.join(', ');
}

function tablePlan(target: string, mapped: MappedTable, table: TargetTable, stage: StageOptions): TablePlan {
  const there = new Map(table.columns.map((column) => [column.name, column]));
  const written = mapped.columns.filter((column) => there.get(column.name)?.computed !== true);
  // Where rows are appended, the key is what the tuple before a change holds.
  const isFull = mapped.source.replicaIdentity === 'full';
  const isKey = (column: Column): boolean =>
    stage.mode === 'append' ? isFull || column.key : mapped.key.includes(column.name);
  const columns = written
    .filter((column) => column.field !== ADDED)
    .map((column) => ({
      name: column.name,
      field: column.field,
      key: isKey(column),
      kind: column.kind,
      sqlType: column.sqlType,
      type: there.get(column.name)?.type ?? column.sqlType,
    }));
  return {
    source: mapped.source,
    target,
    columns,
    key: columns.filter((column) => column.key),
    fieldMax: Math.max(...columns.map((column) => column.field)),
    keyMayChange: stage.key !== undefined && isFull,
    marker: stage.mode === 'upsert' ? written.find((column) => column.field === ADDED)?.name : undefined,
    id: table.id,
    isReferenced: table.isReferenced,
    references: table.references,
    keepsRows: stage.mode === 'insert-only',
  };
}

function throwFirst(found: readonly Obstacle[]): void {
  const first = found[0];
  if (first === undefined) return;
  const { error, message, mend, pointer } = first;
  throw new MillraceError(error, { message, mend, pointer, details: { findings: found.map((one) => one.message) } });
}
