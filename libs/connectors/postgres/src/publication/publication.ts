import { MillraceError } from '@millrace/kernel';
import pg, { type ClientBase } from 'pg';
import type { TableName } from '../config.ts';
import { PositionLost } from '../errors.ts';
import { ForeignObject, MissingPrivilege, NoSuchTable } from '../setup-errors.ts';
import { NO_PRIVILEGE, withMend } from '../setup-failure.ts';

const { escapeIdentifier } = pg;
const UNDEFINED_TABLE = '42P01';
const UNDEFINED_SCHEMA = '3F000';
const VIA_ROOT_SINCE = 130_000;

interface PublicationRow {
  readonly all_tables: boolean;
  readonly all_changes: boolean;
  /** `schema.table` of what is published. */
  readonly tables: readonly string[];
  /** The same, quoted. */
  readonly quoted: readonly string[];
}

const PUBLICATION = `SELECT p.puballtables AS all_tables, p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AS all_changes,
    ARRAY(SELECT format('%s.%s', n.nspname, c.relname) FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = p.oid) AS tables,
    ARRAY(SELECT r.prrelid::regclass::text FROM pg_publication_rel r WHERE r.prpubid = p.oid) AS quoted
  FROM pg_publication p WHERE p.pubname = $1`;

const idOf = ({ schema, table }: TableName): string => `${schema}.${table}`;

/** `ONLY`: a table's children are captured when they are named themselves. (It means nothing for a partitioned table.) */
const listOf = (tables: readonly TableName[]): string =>
  `TABLE ${tables.map(({ schema, table }) => `ONLY ${escapeIdentifier(schema)}.${escapeIdentifier(table)}`).join(', ')}`;

/**
 * Makes the job's publication anew; without tables when the job reads messages only. The slot must be made after it: a slot sees only publications older than itself.
 * @throws MillraceError `postgres.missing_privilege`, `.no_such_table`
 */
export async function createPublication(
  session: ClientBase,
  name: string,
  tables: readonly TableName[],
): Promise<void> {
  await dropPublication(session, name);
  const viaRoot = (await serverVersion(session)) >= VIA_ROOT_SINCE ? ' WITH (publish_via_partition_root = true)' : '';
  const published = tables.length === 0 ? '' : ` FOR ${listOf(tables)}`;
  await run(session, name, `CREATE PUBLICATION ${escapeIdentifier(name)}${published}${viaRoot}`);
}

/**
 * Checks that the publication still publishes all changes of these tables, as long as they exist; tables that somebody added to it
 * are taken out again.
 * @throws MillraceError `postgres.position_lost`: what was written while a table was not published cannot be read any more;
 *   `postgres.foreign_object`, `.missing_privilege`
 */
export async function verifyPublication(
  session: ClientBase,
  name: string,
  tables: readonly TableName[],
): Promise<void> {
  const [found] = (await session.query<PublicationRow>(PUBLICATION, [name])).rows;
  if (found === undefined) throw historyLost(name, 'is gone');
  if (found.all_tables) throw forAllTables(name);
  if (!found.all_changes) throw historyLost(name, 'does not publish every kind of change');
  const published = new Set(found.tables);
  const existing = await existingTables(session, tables);
  const unpublished = existing.find((table) => !published.has(idOf(table)));
  if (unpublished !== undefined) throw historyLost(name, `does not publish ${idOf(unpublished)} any more`);
  if (published.size <= existing.length) return;
  const wanted = existing.length === 0 ? `DROP TABLE ${found.quoted.join(', ')}` : `SET ${listOf(existing)}`;
  await run(session, name, `ALTER PUBLICATION ${escapeIdentifier(name)} ${wanted}`);
}

/** Drops the publication if it exists. Safe to call twice. */
export async function dropPublication(session: ClientBase, name: string): Promise<void> {
  await run(session, name, `DROP PUBLICATION IF EXISTS ${escapeIdentifier(name)}`);
}

async function existingTables(session: ClientBase, tables: readonly TableName[]): Promise<readonly TableName[]> {
  const names = [tables.map(({ schema }) => schema), tables.map(({ table }) => table)];
  const { rows } = await session.query<TableName>(
    `SELECT n.nspname AS schema, c.relname AS table FROM unnest($1::text[], $2::text[]) AS t (schema_name, table_name)
     JOIN pg_namespace n ON n.nspname = schema_name JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = table_name`,
    names,
  );
  return rows;
}

async function run(session: ClientBase, name: string, statement: string): Promise<void> {
  const { user = '' } = session as ClientBase & { readonly user?: string };
  const noSuchTable = { code: NoSuchTable, mend: 'Correct "tables": names are exact, with their schema.' };
  const failures = {
    [NO_PRIVILEGE]: {
      code: MissingPrivilege,
      mend: `Let ${escapeIdentifier(user)} own the tables and GRANT it CREATE on the database, or run as their owner: ${statement};`,
    },
    [UNDEFINED_TABLE]: noSuchTable,
    [UNDEFINED_SCHEMA]: noSuchTable,
  };
  await withMend(`publication "${name}" could not be set up`, failures, () => session.query(statement));
}

async function serverVersion(session: ClientBase): Promise<number> {
  const { rows } = await session.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  return rows[0]!.version;
}

const historyLost = (name: string, problem: string): MillraceError =>
  new MillraceError(PositionLost, {
    message: `publication "${name}" of this job ${problem}, so changes since then were not kept for it`,
    mend: 'Two ways on: cancel the job and submit it again for a new initial load, or submit it again with "initialLoad": "none" to accept the gap.',
    details: { publication: name },
  });

const forAllTables = (name: string): MillraceError =>
  new MillraceError(ForeignObject, {
    message: `publication "${name}" is FOR ALL TABLES, so the job did not make it`,
    mend: `DROP PUBLICATION ${escapeIdentifier(name)};`,
    details: { publication: name },
  });
