import type { DiscoveredTable, Discovery, Finding } from '@millrace/connector-contract';
import type { Client } from 'pg';
import { type ConnectionOptions, parseTableName } from '../config.ts';
import { openSession } from '../session.ts';
import { ofTables } from './describe-tables.ts';
import { type CatalogTable, readTableSchemas } from './table-catalog.ts';

/** Tables that one look lists. */
const TABLES_MAX = 2_000;

/** Partitions are captured with their parent. */
const TABLES = `SELECT format('%s.%s', n.nspname, c.relname) AS id FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND NOT c.relispartition
    AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  ORDER BY n.nspname, c.relname LIMIT ${TABLES_MAX + 1}`;

/**
 * Every table of the database with its size, its key and what stands against capturing it. Changes nothing.
 * @throws MillraceError what opening a session throws, `postgres.server_error`
 */
export async function discoverTables(config: ConnectionOptions, signal: AbortSignal): Promise<Discovery> {
  const session = await openSession(config, { applicationName: 'millrace discover' }, signal);
  try {
    return await discover(session, config.user);
  } finally {
    await session.end();
  }
}

async function discover(session: Client, user: string): Promise<Discovery> {
  const { rows } = await session.query<{ id: string }>(TABLES);
  const ids = rows.slice(0, TABLES_MAX).map(({ id }) => id);
  const found = await readTableSchemas(session, ids.map(parseTableName));
  const stage = { tables: found.map(({ schema }) => schema.id), initialLoad: 'full' } as const;
  const findings = await ofTables(session, stage, found, user);
  const about = Map.groupBy(findings, ({ pointer }) => pointer);
  return {
    tables: found.map((table, index) => discovered(table, about.get(`/tables/${index}`) ?? [])),
    isCut: rows.length > TABLES_MAX,
    findings: about.get(undefined) ?? [],
  };
}

const discovered = (
  { schema, key, rowsEstimate, bytes }: CatalogTable,
  findings: readonly Finding[],
): DiscoveredTable => ({
  id: schema.id,
  schema: schema.schema,
  table: schema.table,
  rowsEstimate: rowsEstimate < 0 ? undefined : rowsEstimate,
  bytes,
  key: key.map(({ name }) => name),
  replicaIdentity: schema.replicaIdentity,
  findings: findings.filter(({ severity }) => severity !== 'ok').map((finding) => ({ ...finding, pointer: undefined })),
});
