import type { Comparison, TableComparison } from './compare-tables.ts';

const count = (value: number): string => value.toLocaleString('en-US');

function tableLines(table: TableComparison): string[] {
  const name = table.source === table.target ? table.source : `${table.source} -> ${table.target}`;
  if (table.isEqual) return [`equal      ${name}  ${count(table.sourceRows)} rows  ${table.sourceHash.slice(-16)}`];
  const lines = [
    `DIFFERENT  ${name}  ${count(table.sourceRows)} rows in the source, ${count(table.targetRows)} in the target`,
  ];
  for (const { kind, key } of table.differences) {
    const values = Object.entries(key).map(
      ([column, value]) => `${column}=${value === null ? 'null' : JSON.stringify(value)}`,
    );
    lines.push(`  ${kind.padEnd(9)} ${values.join(' ')}`);
  }
  if (!table.isComplete) lines.push('  … and more');
  return lines;
}

/** The comparison for people: a line per table, the differing keys, the verdict. */
export function reportLines(comparison: Comparison): string[] {
  const rows = comparison.tables.reduce((sum, table) => sum + table.sourceRows, 0);
  const different = comparison.tables.filter(({ isEqual }) => !isEqual).length;
  const verdict = comparison.isEqual
    ? `equal: ${count(rows)} rows in ${comparison.tables.length} tables`
    : `different: ${different} of ${comparison.tables.length} tables`;
  return [
    ...comparison.tables.flatMap(tableLines),
    `${verdict}, compared at ${comparison.position} (writers waited ${comparison.lockedMs} ms)`,
  ];
}
