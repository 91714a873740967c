import type { Finding, SourceShape } from '@millrace/connector-contract';
import type { TableSchema } from '@millrace/formats';
import { nearNames } from '@millrace/kernel';
import pg, { type Client } from 'pg';
import { type ConnectionOptions, MESSAGE_SCHEMA, parseTableName, partTables, type StageOptions } from '../config.ts';
import { TableKey } from '../initial-load/table-key.ts';
import { messageTable } from '../stream/message-tables.ts';
import { withSession } from './check-connection.ts';
import { type CatalogTable, readTableSchemas } from './table-catalog.ts';

/** A table above this that can't be read in ranges gets a warning. */
const ONE_PIECE_BYTES_MAX = 1_073_741_824;

/** Version of the server that has the option `messages` of pgoutput. */
const MESSAGES_SINCE = 140_000;

interface Rights {
  readonly oid: string;
  readonly selects: boolean;
  readonly uses_schema: boolean;
  readonly owns: boolean;
  readonly rls: boolean;
}

const RIGHTS = `SELECT c.oid::int8::text AS oid, has_table_privilege(c.oid, 'SELECT') AS selects, has_schema_privilege(c.relnamespace, 'USAGE') AS uses_schema,
    pg_has_role(c.relowner, 'USAGE') AS owns, row_security_active(c.oid) AS rls
  FROM pg_class c WHERE c.oid = ANY ($1::oid[])`;

const TABLES = `SELECT format('%s.%s', n.nspname, c.relname) AS id FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' LIMIT 10000`;

const KINDS: Readonly<Record<string, string>> = { v: 'a view', m: 'a materialized view', f: 'a foreign table' };

/** The tables as the stage would deliver them, and what stands against it. Changes nothing. */
export async function describeTables(
  config: ConnectionOptions,
  stage: StageOptions,
  signal: AbortSignal,
): Promise<{ readonly shape: SourceShape; readonly findings: readonly Finding[] }> {
  let tables: readonly TableSchema[] = [];
  const findings = await withSession(config, signal, async (session) => {
    const { tables: wanted, prefixes } = partTables(stage.tables);
    const found = await readTableSchemas(session, wanted);
    tables = [...found.map(({ schema }) => schema), ...prefixes.map(messageTable)];
    const ofMessages = prefixes.length === 0 ? [] : await messagesPossible(session, stage.tables, prefixes);
    return [
      ...ofMessages,
      ...(await missing(session, stage.tables, found)),
      ...(await ofTables(session, stage, found, config.user)),
    ];
  });
  return { shape: { tables, hasPositions: true }, findings };
}

/** Whether the server can send messages: from version 14. */
async function messagesPossible(
  session: Client,
  wanted: readonly string[],
  prefixes: readonly string[],
): Promise<readonly Finding[]> {
  const { rows } = await session.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  const isPossible = rows[0]!.version >= MESSAGES_SINCE;
  return prefixes.map((prefix) => {
    const { id } = messageTable(prefix);
    const pointer = `/tables/${wanted.indexOf(id)}`;
    if (isPossible)
      return {
        code: 'postgres.table',
        severity: 'ok',
        message: `messages with the prefix ${prefix} can be captured`,
        pointer,
      };
    return {
      code: 'postgres.no_messages',
      severity: 'error',
      message: `${id}: this server sends no messages to a slot of pgoutput`,
      mend: 'Use PostgreSQL 14 or later, or the form of the outbox with a table.',
      pointer,
    };
  });
}

async function missing(
  session: Client,
  wanted: readonly string[],
  found: readonly CatalogTable[],
): Promise<readonly Finding[]> {
  const known = new Set(found.map(({ schema }) => schema.id));
  const lost = wanted.filter((name) => !known.has(name) && parseTableName(name).schema !== MESSAGE_SCHEMA);
  if (lost.length === 0) return [];
  const { rows } = await session.query<{ id: string }>(TABLES);
  const all = rows.map(({ id }) => id);
  return lost.map((name) => {
    const near = nearNames(name, all);
    const mend =
      near.length > 0
        ? `Did you mean ${near.join(' or ')}?`
        : 'Names are exact, with their schema; create the table first.';
    return {
      code: 'postgres.no_such_table',
      severity: 'error',
      message: `there is no table ${name}`,
      mend,
      pointer: `/tables/${wanted.indexOf(name)}`,
    };
  });
}

/** What stands against capturing these tables; `pointer` is where the stage names each. */
export async function ofTables(
  session: Client,
  stage: Pick<StageOptions, 'tables' | 'initialLoad'>,
  found: readonly CatalogTable[],
  user: string,
): Promise<readonly Finding[]> {
  const { rows } = await session.query<Rights>(RIGHTS, [found.map(({ oid }) => String(oid))]);
  const rights = new Map(rows.map((row) => [Number(row.oid), row]));
  const { rows: database } = await session.query<{ name: string; creates: boolean }>(
    "SELECT current_database() AS name, has_database_privilege(current_database(), 'CREATE') AS creates",
  );
  const role = pg.escapeIdentifier(user);
  const onDatabase: Finding[] = database[0]!.creates
    ? []
    : [
        {
          code: 'postgres.no_create_right',
          severity: 'error',
          message: `${role} may not create a publication in database "${database[0]!.name}"`,
          mend: `GRANT CREATE ON DATABASE ${pg.escapeIdentifier(database[0]!.name)} TO ${role};`,
        },
      ];
  const onTables = found.flatMap((table) => ofTable(table, stage, rights.get(table.oid)!, role));
  return [...onDatabase, ...onTables];
}

function ofTable(
  table: CatalogTable,
  stage: Pick<StageOptions, 'tables' | 'initialLoad'>,
  rights: Rights,
  role: string,
): readonly Finding[] {
  const { id, schema, table: name, replicaIdentity } = table.schema;
  const pointer = `/tables/${stage.tables.indexOf(id)}`;
  const quotedSchema = pg.escapeIdentifier(schema);
  const quoted = `${quotedSchema}.${pg.escapeIdentifier(name)}`;
  const found: Finding[] = [];
  const add = (severity: Finding['severity'], code: string, message: string, mend?: string): void =>
    void found.push({ code, severity, message, pointer, ...(mend === undefined ? {} : { mend }) });

  const kind = KINDS[table.kind];
  if (kind !== undefined) {
    add('error', 'postgres.not_a_table', `${id} is ${kind}: it has no changes of its own`, 'Name the tables it reads.');
    return found;
  }
  if (table.persistence !== 'p') {
    add(
      'error',
      'postgres.not_logged',
      `${id} is unlogged or temporary: its changes are not in the WAL`,
      `ALTER TABLE ${quoted} SET LOGGED;`,
    );
  }
  if (!rights.uses_schema) {
    add(
      'error',
      'postgres.no_select_right',
      `${role} may not use schema ${schema}`,
      `GRANT USAGE ON SCHEMA ${quotedSchema} TO ${role};`,
    );
  }
  if (!rights.selects)
    add('error', 'postgres.no_select_right', `${role} may not read ${id}`, `GRANT SELECT ON ${quoted} TO ${role};`);
  if (rights.rls) {
    add(
      'error',
      'postgres.row_security',
      `row level security hides rows of ${id} from ${role}`,
      `ALTER ROLE ${role} BYPASSRLS;`,
    );
  }
  if (!rights.owns) {
    add(
      'error',
      'postgres.not_owner',
      `${role} does not own ${id}, so it may not publish it`,
      `ALTER TABLE ${quoted} OWNER TO ${role}; -- or GRANT the owning role TO ${role};`,
    );
  }
  if (replicaIdentity === 'nothing' || (replicaIdentity !== 'full' && table.key.length === 0)) {
    const why = replicaIdentity === 'nothing' ? 'has REPLICA IDENTITY NOTHING' : 'has no primary key';
    add(
      'warning',
      'postgres.no_replica_identity',
      `${id} ${why}: once it is published, PostgreSQL refuses UPDATE and DELETE on it`,
      `ALTER TABLE ${quoted} REPLICA IDENTITY FULL; -- or give it a primary key`,
    );
  }
  if (stage.initialLoad === 'full' && table.bytes > ONE_PIECE_BYTES_MAX && !new TableKey(id, table.key).isOrdered) {
    add(
      'warning',
      'postgres.load_in_one_piece',
      `${id} is read in one long transaction: only the server can order its key`,
      'A key of integers, numeric, uuid, bytea, dates, or text COLLATE "C" is read in ranges.',
    );
  }
  if (found.length === 0) add('ok', 'postgres.table', `${id} can be captured`);
  return found;
}
