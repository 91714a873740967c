import type { Finding } from '@millrace/connector-contract';
import type { TableSchema } from '@millrace/formats';
import { type StageOptions, targetName } from '../config.ts';
import type { TargetCatalog } from './catalog.ts';
import { mapTable } from './mapped-table.ts';
import { sourceObstacles, tableObstacles } from './table-findings.ts';

/** The tables of a stage against the target as it stands. */
export async function checkTables(
  catalog: TargetCatalog,
  stage: StageOptions,
  tables: readonly TableSchema[],
  defaultTable: string,
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  const sourceOf = new Map<string, string>();
  for (const source of tables) {
    const name = targetName(stage.table ?? defaultTable, source);
    const target = catalog.quoteTable(name);
    const other = sourceOf.get(target);
    if (other !== undefined) {
      const message = `tables ${other} and ${source.id} would both be written to ${target}`;
      const mend = 'Use {schema} and {table} in "table".';
      found.push({ code: 'jdbc.target_shared', severity: 'error', message, mend, pointer: '/table' });
      continue;
    }
    sourceOf.set(target, source.id);
    const obstacles = sourceObstacles(source, stage);
    const mapped = mapTable(source, stage);
    const there = obstacles.length > 0 ? undefined : await catalog.describe(name);
    const all = obstacles.length > 0 ? obstacles : await tableObstacles(catalog, name, there, mapped, stage);
    for (const { error: _, ...finding } of all) found.push(finding);
    if (all.length > 0) continue;
    if (there === undefined) found.push(...(await catalog.creationFindings(name)));
    else found.push(...catalog.warnings(name, there, mapped.key));
  }
  return found;
}
