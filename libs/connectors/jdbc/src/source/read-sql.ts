import type { Relation } from './source-config.ts';
import type { SourceColumn, SourceSql } from './source-dialect.ts';

/** A column and a value of it, as a tuple has it. */
export interface Bound {
  readonly column: SourceColumn;
  readonly text: string;
}

export interface Selection {
  readonly relation: Relation;
  readonly columns: readonly SourceColumn[];
  /** Conditions as SQL, all of which hold. */
  readonly where: readonly string[];
  readonly order: readonly SourceColumn[];
}

/** The query goes on its own lines, so that a comment at its end stays there. */
export function relationSql(sql: SourceSql, relation: Relation): string {
  if ('name' in relation) return sql.quoteTable(relation.name);
  return `(\n${relation.query.replace(/;\s*$/, '')}\n) as ${sql.quoteName('rows read')}`;
}

export function selectSql(sql: SourceSql, { relation, columns, where, order }: Selection): string {
  const parts = [
    `select ${columns.map((column) => sql.selected(column)).join(', ')} from ${relationSql(sql, relation)}`,
    where.length > 0 ? `where ${where.join(' and ')}` : '',
    order.length > 0 ? `order by ${order.map(({ name }) => sql.quoteName(name)).join(', ')}` : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** Rows behind this one, in the order of the columns. */
export function behindSql(sql: SourceSql, bounds: readonly Bound[]): string {
  const names = bounds.map(({ column }) => sql.quoteName(column.name));
  const values = bounds.map(({ column, text }) => sql.constant(column, text));
  if (bounds.length === 1) return `${names[0]} > ${values[0]}`;
  if (sql.comparesRows) return `(${names.join(', ')}) > (${values.join(', ')})`;
  // The first column bounds what an index has to be searched for.
  let behind = `${names.at(-1)} > ${values.at(-1)}`;
  for (let at = names.length - 2; at >= 0; at--)
    behind = `(${names[at]} > ${values[at]} or (${names[at]} = ${values[at]} and ${behind}))`;
  return `${names[0]} >= ${values[0]} and ${behind}`;
}

export const fromSql = (sql: SourceSql, { column, text }: Bound): string =>
  `${sql.quoteName(column.name)} >= ${sql.constant(column, text)}`;

export const belowSql = (sql: SourceSql, { column, text }: Bound): string =>
  `${sql.quoteName(column.name)} < ${sql.constant(column, text)}`;
