import type { Finding } from '@millrace/connector-contract';
import type { TableSchema } from '@millrace/formats';
import type pg from 'pg';
import { type ConnectionOptions, type StageOptions, serverOptions } from '../../config.ts';
import { checkTables } from '../../target/check-tables.ts';
import { checkWith } from '../../target/check-with.ts';
import { PostgresCatalog } from './catalog.ts';
import { connect, DEFAULT_PORT } from './connect.ts';
import { PROGRESS_TABLE } from './progress.ts';
import { quoteName } from './quote.ts';
import { classify } from './server-error.ts';

/** Where tables go unless told otherwise. */
export const DEFAULT_TABLE = '{schema}.{table}';
/** `insert … on conflict`, `attgenerated` and the replicas we test go back to this one. */
const SERVER_VERSION_MIN = 120_000;

type Facts = {
  readonly version: number;
  readonly version_text: string;
  readonly recovering: boolean;
  readonly user: string;
  readonly database: string;
  readonly schema: string | null;
  readonly may_create: boolean | null;
  readonly may_create_schema: boolean;
  readonly may_temp: boolean;
  readonly progress: string | null;
  readonly progress_rights: boolean | null;
};

const FACTS = `select current_setting('server_version_num')::int as version, current_setting('server_version') as version_text,
  pg_is_in_recovery() as recovering, current_user::text as user, current_database()::text as database, current_schema()::text as schema,
  has_schema_privilege(current_schema(), 'CREATE') as may_create,
  has_database_privilege(current_database(), 'CREATE') as may_create_schema,
  has_database_privilege(current_database(), 'TEMP') as may_temp,
  to_regclass('${PROGRESS_TABLE}')::text as progress,
  has_table_privilege(to_regclass('${PROGRESS_TABLE}'), 'SELECT') and has_table_privilege(to_regclass('${PROGRESS_TABLE}'), 'INSERT')
    and has_table_privilege(to_regclass('${PROGRESS_TABLE}'), 'UPDATE') and has_table_privilege(to_regclass('${PROGRESS_TABLE}'), 'DELETE') as progress_rights`;

const withConnection = (
  options: ConnectionOptions,
  signal: AbortSignal,
  use: (client: pg.ClientBase) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> =>
  checkWith(
    () => connect(serverOptions(options, DEFAULT_PORT), 'millrace check'),
    classify,
    signal,
    ({ client }) => use(client),
  );

export function checkConnection(options: ConnectionOptions, signal: AbortSignal): Promise<readonly Finding[]> {
  return withConnection(options, signal, async (client) => findings((await client.query<Facts>(FACTS)).rows[0]!));
}

function findings(facts: Facts): readonly Finding[] {
  const user = quoteName(facts.user);
  const database = quoteName(facts.database);
  const found: Finding[] = [
    { code: 'jdbc.reachable', severity: 'ok', message: `PostgreSQL ${facts.version_text} answers` },
  ];
  const add = (severity: Finding['severity'], code: string, message: string, mend: string): void => {
    found.push({ code, severity, message, mend });
  };
  if (facts.version < SERVER_VERSION_MIN) {
    add(
      'error',
      'jdbc.server_too_old',
      `PostgreSQL ${facts.version_text} is older than 12`,
      'Upgrade the target server.',
    );
  }
  if (facts.recovering) {
    add('error', 'jdbc.read_only', 'the server is a standby and takes no writes', 'Give the address of the primary.');
  }
  if (!facts.may_temp) {
    const mend = `GRANT TEMPORARY ON DATABASE ${database} TO ${user};`;
    add('error', 'jdbc.no_temporary', `role ${user} may not create temporary tables in ${database}`, mend);
  }
  if (facts.progress !== null && facts.progress_rights !== true) {
    const mend = `GRANT SELECT, INSERT, UPDATE, DELETE ON ${facts.progress} TO ${user};`;
    add('error', 'jdbc.no_progress_rights', `role ${user} may not write ${facts.progress}`, mend);
  }
  if (facts.schema === null) {
    const mend = `ALTER ROLE ${user} SET search_path = public;`;
    add('error', 'jdbc.no_schema', `no schema of the search path of role ${user} exists`, mend);
  } else if (!facts.may_create) {
    const mend = `GRANT CREATE ON SCHEMA ${quoteName(facts.schema)} TO ${user};`;
    const message = `role ${user} may not create tables in schema ${quoteName(facts.schema)}`;
    add(facts.progress === null ? 'error' : 'warning', 'jdbc.no_create', message, mend);
  }
  if (!facts.may_create_schema) {
    const mend = `GRANT CREATE ON DATABASE ${database} TO ${user};`;
    add('warning', 'jdbc.no_create_schema', `role ${user} may not create missing schemas in ${database}`, mend);
  }
  return found;
}

export function checkStage(
  options: ConnectionOptions,
  stage: StageOptions,
  tables: readonly TableSchema[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  return withConnection(options, signal, (client) =>
    checkTables(new PostgresCatalog(client), stage, tables, DEFAULT_TABLE),
  );
}
