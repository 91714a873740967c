import type { TableSchema } from '@millrace/formats';
import type pg from 'pg';
import type { TargetName } from '../../config.ts';
import { quoteName, quoteTable } from './quote.ts';

export interface TargetColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** Computed by the target (`generated always as (…)`): never written. */
  readonly computed: boolean;
}

/** A relation as it stands in the target. */
export interface TargetTable {
  /** `r` table, `p` partitioned table; anything else can't be written by upsert. */
  readonly kind: string;
  readonly columns: readonly TargetColumn[];
  /** Column names of each index that `on conflict` can use: unique, immediate, over all rows, no expressions. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Rights that the role lacks among those the sink needs. */
  readonly rightsMissing: readonly string[];
}

/**
 * Reads the catalog. (TypeORM's `getTable` splits names at dots, and tells neither types with their modifiers nor partial and
 * deferrable indexes apart.)
 */
export async function describeTarget(client: pg.ClientBase, name: TargetName): Promise<TargetTable | undefined> {
  const { rows } = await client.query<{ oid: string; kind: string; missing: string[] }>(
    `select c.oid::text, c.relkind::text as kind,
       array(select r from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) r where not has_table_privilege(c.oid, r)) as missing
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relname = $1 and n.nspname = coalesce($2, current_schema())`,
    [name.table, name.schema ?? null],
  );
  const found = rows[0];
  if (found === undefined) return undefined;
  const columns = await client.query<TargetColumn>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "notNull",
       a.atthasdef or a.attidentity <> '' or t.typdefault is not null as "hasDefault", a.attgenerated <> '' as computed
     from pg_attribute a join pg_type t on t.oid = a.atttypid
     where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [found.oid],
  );
  const keys = await client.query<{ columns: string[] }>(
    `select array(select a.attname::text from unnest(i.indkey[0:i.indnkeyatts - 1]) k join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k) as columns
     from pg_index i
     where i.indrelid = $1 and i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null`,
    [found.oid],
  );
  return {
    kind: found.kind,
    columns: columns.rows,
    uniqueKeys: keys.rows.map((row) => row.columns),
    rightsMissing: found.missing,
  };
}

/** The types of the source's columns as the target has them; `text` where it lacks one. */
async function typesAt(client: pg.ClientBase, types: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const type of types) {
    const { rows } = await client.query('select to_regtype($1) is not null as known', [type]);
    found.push(rows[0].known ? type : 'text');
  }
  return found;
}

/** `create table` with the source's columns; only the key is `not null`, so that a sparse source row never fails. */
export async function createTableSql(
  client: pg.ClientBase,
  name: TargetName,
  source: TableSchema,
  key: readonly string[],
): Promise<string> {
  const types = await typesAt(
    client,
    source.columns.map((column) => column.sqlType),
  );
  const columns = source.columns.map(
    (column, index) => `${quoteName(column.name)} ${types[index]}${key.includes(column.name) ? ' not null' : ''}`,
  );
  return `create table if not exists ${quoteTable(name)} (${columns.join(', ')}, primary key (${key.map(quoteName).join(', ')}))`;
}

/** Creates the table, and its schema first when that is missing. */
export async function createTarget(
  client: pg.ClientBase,
  name: TargetName,
  source: TableSchema,
  key: readonly string[],
): Promise<void> {
  if (name.schema !== undefined) {
    // Asked first: "if not exists" wants the right to create schemas even when there is nothing to do.
    const { rows } = await client.query('select from pg_namespace where nspname = $1', [name.schema]);
    if (rows.length === 0) await client.query(`create schema if not exists ${quoteName(name.schema)}`);
  }
  await client.query(await createTableSql(client, name, source, key));
}
