import type { ColumnKind } from '@millrace/formats';
import type { ClientBase } from 'pg';
import { kindOfType } from './builtin-types.ts';

/** What the catalog knows of a column and the stream does not say. */
export interface CatalogColumn {
  readonly typeOid: number;
  readonly modifier: number;
  readonly sqlType: string;
  /** Of the base type when the type is a domain. */
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  readonly inPrimaryKey: boolean;
}

/** Columns by name, by the table's OID. */
export type TableCatalog = ReadonlyMap<number, ReadonlyMap<string, CatalogColumn>>;

const COLUMNS_OF_PUBLICATION = `
WITH RECURSIVE base_type (oid, base) AS (
  SELECT oid, oid FROM pg_type WHERE typtype <> 'd'
  UNION ALL
  SELECT t.oid, b.base FROM pg_type t JOIN base_type b ON b.oid = t.typbasetype WHERE t.typtype = 'd'
)
SELECT c.oid::int8::text AS relation, a.attname AS name, a.atttypid::int8::text AS type, a.atttypmod AS modifier, b.base::int8::text AS base,
       format_type(a.atttypid, a.atttypmod) AS sql_type, NOT a.attnotnull AS nullable,
       a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) IS TRUE AS in_primary_key
FROM pg_publication_tables p
JOIN pg_namespace n ON n.nspname = p.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN base_type b ON b.oid = a.atttypid
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE p.pubname = $1`;

interface ColumnRow {
  readonly relation: string;
  readonly name: string;
  readonly type: string;
  readonly modifier: number;
  readonly base: string;
  readonly sql_type: string;
  readonly nullable: boolean;
  readonly in_primary_key: boolean;
}

/** Reads the columns of all tables of a publication, as they are now. */
export async function readTableCatalog(client: ClientBase, publication: string): Promise<TableCatalog> {
  const { rows } = await client.query<ColumnRow>(COLUMNS_OF_PUBLICATION, [publication]);
  const tables = new Map<number, Map<string, CatalogColumn>>();
  for (const row of rows) {
    const oid = Number(row.relation);
    const columns = tables.get(oid) ?? new Map<string, CatalogColumn>();
    tables.set(oid, columns);
    columns.set(row.name, {
      typeOid: Number(row.type),
      modifier: row.modifier,
      sqlType: row.sql_type,
      kind: kindOfType(Number(row.base)),
      nullable: row.nullable,
      inPrimaryKey: row.in_primary_key,
    });
  }
  return tables;
}
