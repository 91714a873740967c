import type { Finding } from '@millrace/connector-contract';
import type { TableSchema } from '@millrace/formats';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { type ConnectionOptions, type StageOptions, serverOptions } from '../../config.ts';
import { checkTables } from '../../target/check-tables.ts';
import { checkWith } from '../../target/check-with.ts';
import { MysqlCatalog } from './catalog.ts';
import { connect, DEFAULT_PORT, type MysqlConnection } from './connect.ts';
import { DEFAULT_TABLE } from './mysql-session.ts';
import { hasProgressTable, PROGRESS_TABLE } from './progress.ts';
import { quoteName } from './quote.ts';
import { grantedRights } from './rights.ts';
import { classify } from './server-error.ts';

/** Of MariaDB and of MySQL: `json_arrayagg`, and temporary tables inside transactions. */
const MARIADB_MIN = [10, 5];
const MYSQL_MIN = [8, 0];

const withConnection = (
  options: ConnectionOptions,
  signal: AbortSignal,
  use: (target: MysqlConnection) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> => checkWith(() => connect(serverOptions(options, DEFAULT_PORT)), classify, signal, use);

export function checkConnection(options: ConnectionOptions, signal: AbortSignal): Promise<readonly Finding[]> {
  return withConnection(options, signal, async ({ connection, version }) => {
    const product = version.includes('MariaDB') ? 'MariaDB' : 'MySQL';
    const found: Finding[] = [{ code: 'jdbc.reachable', severity: 'ok', message: `${product} ${version} answers` }];
    const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
    const least = product === 'MariaDB' ? MARIADB_MIN : MYSQL_MIN;
    if (major < least[0]! || (major === least[0] && minor < least[1]!)) {
      found.push({
        code: 'jdbc.server_too_old',
        severity: 'error',
        message: `${product} ${version} is older than ${least.join('.')}`,
        mend: 'Upgrade the target server.',
      });
    }
    found.push(...(await settingFindings(connection)), ...(await rightFindings(connection)));
    return found;
  });
}

async function settingFindings(connection: Connection): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  const [rows] = await connection.query<RowDataPacket[]>(
    'select @@global.read_only as readOnly, @@global.innodb_flush_log_at_trx_commit as flush',
  );
  if (Number(rows[0]!['readOnly']) !== 0) {
    found.push({
      code: 'jdbc.read_only',
      severity: 'error',
      message: 'the server is read-only and takes no writes',
      mend: 'Give the address of the primary, or SET GLOBAL read_only = 0;',
    });
  }
  if (Number(rows[0]!['flush']) !== 1) {
    found.push({
      code: 'jdbc.not_durable',
      severity: 'warning',
      message: `innodb_flush_log_at_trx_commit is ${rows[0]!['flush']}: a crash of the server's machine may lose commits, and the job then fails with jdbc.progress_lost`,
      mend: 'SET GLOBAL innodb_flush_log_at_trx_commit = 1;',
    });
  }
  return found;
}

async function rightFindings(connection: Connection): Promise<readonly Finding[]> {
  const [[here]] = await connection.query<RowDataPacket[]>('select database() as name');
  const database = String(here!['name']);
  const { user, missing } = await grantedRights(connection, database);
  const found: Finding[] = [];
  if (missing.has('CREATE TEMPORARY TABLES')) {
    found.push({
      code: 'jdbc.no_temporary',
      severity: 'error',
      message: `user ${user} may not create temporary tables in ${quoteName(database)}`,
      mend: `GRANT CREATE TEMPORARY TABLES ON ${quoteName(database)}.* TO ${user};`,
    });
  }
  const hasProgress = await hasProgressTable(connection);
  if (missing.has('CREATE')) {
    found.push({
      code: 'jdbc.no_create',
      severity: hasProgress ? 'warning' : 'error',
      message: `user ${user} may not create tables in ${quoteName(database)}`,
      mend: `GRANT CREATE ON ${quoteName(database)}.* TO ${user};`,
    });
  }
  const rights = await grantedRights(connection, database, PROGRESS_TABLE);
  const needed = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'].filter((right) => rights.missing.has(right));
  if (needed.length > 0) {
    found.push({
      code: 'jdbc.no_progress_rights',
      severity: 'error',
      message: `user ${user} may not write ${PROGRESS_TABLE}`,
      // A right on a table that is to be created can't be given yet.
      mend: `GRANT ${needed.join(', ')} ON ${quoteName(database)}.${hasProgress ? quoteName(PROGRESS_TABLE) : '*'} TO ${user};`,
    });
  }
  return found;
}

export function checkStage(
  options: ConnectionOptions,
  stage: StageOptions,
  tables: readonly TableSchema[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  return withConnection(options, signal, ({ connection, collation }) =>
    checkTables(new MysqlCatalog(connection, collation), stage, tables, DEFAULT_TABLE),
  );
}
