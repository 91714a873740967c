import type { Column, TableSchema } from '@millrace/formats';
import type { ClientBase } from 'pg';
import type { TableName } from '../config.ts';
import { kindOfType } from '../types/builtin-types.ts';

/** A key column as the load needs it: how its values are ordered. */
export interface KeyColumn {
  readonly name: string;
  /** OID of the type; of the base type when it is a domain. */
  readonly baseTypeOid: number;
  /** Type to cast a literal to. */
  readonly sqlType: string;
  /** Strings are ordered by their UTF-8 bytes (collation C or one like it); true for types without collation. */
  readonly byteOrder: boolean;
}

/** A table as the catalog describes it now. */
export interface CatalogTable {
  readonly oid: number;
  /** The same columns, in the same order, as the Relation messages of the stream. */
  readonly schema: TableSchema;
  /** Columns of the replica identity index, or else of the primary key, in index order; empty without one. */
  readonly key: readonly KeyColumn[];
  /** `pg_class.relkind`: `r` ordinary, `p` partitioned, others cannot be captured. */
  readonly kind: string;
  /** `p` permanent; unlogged and temporary tables have no history. */
  readonly persistence: string;
  /** Rows as of the last ANALYZE, -1 when never analysed. */
  readonly rowsEstimate: number;
  /** Table with TOAST, without indexes. */
  readonly bytes: number;
}

/**
 * Generated columns are left out: pgoutput does not send them (from 18 only for a publication with publish_generated_columns,
 * which ours does not have). Catalog columns that not every version has are read through `to_jsonb`.
 */
const TABLES_AND_COLUMNS = `
WITH RECURSIVE base_type (oid, base) AS (
  SELECT oid, oid FROM pg_type WHERE typtype <> 'd'
  UNION ALL
  SELECT t.oid, b.base FROM pg_type t JOIN base_type b ON b.oid = t.typbasetype WHERE t.typtype = 'd'
), wanted AS (
  SELECT ordinal, c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relreplident, c.reltuples
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (schema_name, table_name, ordinal)
  JOIN pg_namespace n ON n.nspname = t.schema_name
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.table_name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), byte_ordered AS (
  SELECT co.oid, co.collprovider = 'b' OR co.collprovider = 'c' AND to_jsonb(co) ->> 'collcollate' IN ('C', 'POSIX') AS yes
  FROM pg_collation co WHERE co.collprovider <> 'd'
  UNION ALL
  SELECT co.oid, CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'b' THEN true WHEN 'i' THEN false ELSE d.datcollate IN ('C', 'POSIX') END
  FROM pg_collation co, pg_database d WHERE co.collprovider = 'd' AND d.datname = current_database()
)
SELECT w.oid::int8::text AS oid, w.nspname AS schema_name, w.relname AS table_name, w.relkind::text AS kind,
       w.relpersistence::text AS persistence, w.relreplident::text AS identity, w.reltuples::float8 AS rows_estimate,
       coalesce(pg_table_size(w.oid), 0)::float8 AS bytes,
       a.attname AS name, format_type(a.atttypid, a.atttypmod) AS sql_type, b.base::int8::text AS base_type,
       format_type(b.base, -1) AS base_sql_type, NOT a.attnotnull AS nullable,
       array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum) AS key_position,
       coalesce(o.yes AND current_setting('server_encoding') = 'UTF8', a.attcollation = 0) AS byte_order
FROM wanted w
JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
JOIN base_type b ON b.oid = a.atttypid
LEFT JOIN pg_index i ON i.indrelid = w.oid AND i.indisvalid
     AND CASE w.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END
LEFT JOIN byte_ordered o ON o.oid = a.attcollation
ORDER BY w.ordinal, a.attnum`;

interface ColumnRow {
  readonly oid: string;
  readonly schema_name: string;
  readonly table_name: string;
  readonly kind: string;
  readonly persistence: string;
  readonly identity: string;
  readonly rows_estimate: number;
  readonly bytes: number;
  readonly name: string;
  readonly sql_type: string;
  readonly base_type: string;
  readonly base_sql_type: string;
  readonly nullable: boolean;
  readonly key_position: number | null;
  readonly byte_order: boolean;
}

const IDENTITY: Readonly<Record<string, TableSchema['replicaIdentity']>> = {
  d: 'default',
  n: 'nothing',
  f: 'full',
  i: 'index',
};

/** Reads the named tables; those that do not exist are not in the answer. The order of `tables` is kept. */
export async function readTableSchemas(
  client: ClientBase,
  tables: readonly TableName[],
): Promise<readonly CatalogTable[]> {
  const names = [tables.map(({ schema }) => schema), tables.map(({ table }) => table)];
  const { rows } = await client.query<ColumnRow>(TABLES_AND_COLUMNS, names);
  const byTable = Map.groupBy(rows, (row) => row.oid);
  return [...byTable.values()].map(catalogTable);
}

function catalogTable(rows: readonly ColumnRow[]): CatalogTable {
  const {
    oid,
    schema_name: schema,
    table_name: table,
    kind,
    persistence,
    identity,
    rows_estimate: rowsEstimate,
    bytes,
  } = rows[0]!;
  const columns = rows.map(
    (row, field): Column => ({
      name: row.name,
      field,
      kind: kindOfType(Number(row.base_type)),
      sqlType: row.sql_type,
      key: row.key_position !== null,
      nullable: row.nullable,
    }),
  );
  const key = rows
    .filter((row) => row.key_position !== null)
    .sort((a, b) => a.key_position! - b.key_position!)
    .map(
      (row): KeyColumn => ({
        name: row.name,
        baseTypeOid: Number(row.base_type),
        sqlType: row.base_sql_type,
        byteOrder: row.byte_order,
      }),
    );
  return {
    oid: Number(oid),
    schema: {
      id: `${schema}.${table}`,
      schema,
      table,
      columns,
      fieldCount: columns.length,
      replicaIdentity: IDENTITY[identity] ?? 'default',
    },
    key,
    kind,
    persistence,
    rowsEstimate,
    bytes,
  };
}
