import { type TableSchema } from '@millrace/formats';
import pg from 'pg';
import type { CatalogTable, KeyColumn } from '../preflight/table-catalog.ts';
import type { LoadPoint, LoadRange, LoadUnit } from './load-unit.ts';

const { escapeIdentifier, escapeLiteral } = pg;

/** `ONLY "public"."orders"`: children of an ordinary table are tables of their own in the stream; a partitioned one has no rows without them. */
function fromClause({ kind, schema }: CatalogTable): string {
  return `${kind === 'p' ? '' : 'ONLY '}${escapeIdentifier(schema.schema)}.${escapeIdentifier(schema.table)}`;
}

const columnList = (columns: readonly KeyColumn[]): string =>
  columns.map(({ name }) => escapeIdentifier(name)).join(', ');

const literals = (columns: readonly KeyColumn[], texts: readonly string[]): string =>
  texts.map((text, column) => `${escapeLiteral(text)}::${columns[column]!.sqlType}`).join(', ');

/**
 * Begins the transaction a unit is read in. The lock comes before the snapshot: a TRUNCATE or ALTER TABLE either is seen by the
 * snapshot or waits until the unit has been read (TRUNCATE is not safe for older snapshots; sql-lock.html says to lock first).
 */
export function beginStatement(table: CatalogTable, serverVersion: number): string {
  return [
    'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
    `LOCK TABLE ${fromClause(table)} IN ACCESS SHARE MODE`,
    markQuery(table, serverVersion),
  ].join('; ');
}

/** The position is taken after the snapshot, so every transaction the snapshot sees commits below it. */
export const markColumns = (serverVersion: number): string =>
  `${serverVersion < 130_000 ? 'txid_current_snapshot()' : 'pg_current_snapshot()'}::text AS snapshot, pg_current_wal_insert_lsn()::text AS position`;

/** With the mark, a text that changes whenever the table's shape, key or name does. */
function markQuery({ oid, schema }: CatalogTable, serverVersion: number): string {
  return `SELECT ${markColumns(serverVersion)}, (
    SELECT md5(string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated, a.attcollation,
                                     c.relreplident, i.indkey), ',' ORDER BY a.attnum, i.indexrelid))
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = ${escapeLiteral(schema.schema)}
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND (i.indisprimary OR i.indisreplident)
    WHERE c.oid = ${oid} AND c.relname = ${escapeLiteral(schema.table)}) AS shape`;
}

/**
 * The key `rows` rows above `from`: the end of the range that begins there. The columns to order by are qualified: a bare name would
 * mean the output column, which is text.
 */
export function boundaryQuery(table: CatalogTable, from: readonly string[] | undefined, rows: number): string {
  const { key } = table;
  const columns = key.map(({ name }) => `t.${escapeIdentifier(name)}`);
  const where = from === undefined ? '' : `WHERE (${columns.join(', ')}) >= (${literals(key, from)}) `;
  const texts = columns.map((column) => `${column}::text`);
  return `SELECT ${texts.join(', ')} FROM ${fromClause(table)} AS t ${where}ORDER BY ${columns.join(', ')} OFFSET ${rows} LIMIT 1`;
}

/** Reads the rows of units of one table: one range, or any number of points. */
export function copyStatement(table: CatalogTable, schema: TableSchema, units: readonly LoadUnit[]): string {
  const columns = schema.columns.map(({ name }) => escapeIdentifier(name)).join(', ');
  const condition =
    'key' in units[0]!
      ? pointsCondition(table.key, units as LoadPoint[])
      : rangeCondition(table.key, units[0] as LoadRange);
  return `COPY (SELECT ${columns} FROM ${fromClause(table)}${condition === '' ? '' : ` WHERE ${condition}`}) TO STDOUT`;
}

function rangeCondition(key: readonly KeyColumn[], { from, to }: LoadRange): string {
  const list = columnList(key);
  const lower = from === undefined ? [] : [`(${list}) >= (${literals(key, from.texts)})`];
  const upper = to === undefined ? [] : [`(${list}) < (${literals(key, to.texts)})`];
  return [...lower, ...upper].join(' AND ');
}

const pointsCondition = (key: readonly KeyColumn[], points: readonly LoadPoint[]): string =>
  `(${columnList(key)}) IN (${points.map((point) => `(${literals(key, point.key.texts)})`).join(', ')})`;
