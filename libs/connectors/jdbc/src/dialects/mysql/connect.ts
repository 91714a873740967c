import { MillraceError } from '@millrace/kernel';
import { type Connection, type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { ServerOptions } from '../../config.ts';
import { LoginRefused, Unreachable } from '../../errors.ts';
import { exactCollation } from './catalog.ts';
import { serverErrno, serverMessage } from './server-error.ts';

export const DEFAULT_PORT = 3_306;
const CONNECT_MS_MAX = 10_000;
const KEEP_ALIVE_DELAY_MS = 10_000;
/** Most that the server takes, about a year: an idle sink keeps its session. */
const WAIT_SECONDS = 31_536_000;
/** A lock that is held longer ends the statement; the job tries again by itself. */
const LOCK_WAIT_SECONDS = 300;

/**
 * Errors instead of silent changes, no zero becomes a new number, and no setting of the server changes what a text means. Foreign keys
 * are checked as rows come.
 */
const SESSION = `set names utf8mb4, time_zone = '+00:00', foreign_key_checks = 1, unique_checks = 1, autocommit = 1,
  sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO',
  sql_notes = 1, wait_timeout = ${WAIT_SECONDS}, innodb_lock_wait_timeout = ${LOCK_WAIT_SECONDS}, lock_wait_timeout = ${LOCK_WAIT_SECONDS}`;

export interface MysqlConnection extends AsyncDisposable {
  readonly connection: Connection;
  readonly version: string;
  /** For created texts. */
  readonly collation: string;
  /** Bytes of the largest statement the server takes. */
  readonly packetBytes: number;
  /** Destroys the socket: whatever runs rejects. */
  abort(): void;
  close(): Promise<void>;
}

/** @throws MillraceError `jdbc.unreachable`, `jdbc.login_refused` */
export async function connect(options: ServerOptions): Promise<MysqlConnection> {
  try {
    return await open(options, options.ssl !== 'disable');
  } catch (error) {
    const hasNoTls = (error as { code?: string }).code === 'HANDSHAKE_NO_SSL_SUPPORT';
    if (options.ssl !== 'prefer' || !hasNoTls) throw connectError(error, options);
  }
  try {
    return await open(options, false);
  } catch (error) {
    throw connectError(error, options);
  }
}

async function open(options: ServerOptions, tls: boolean): Promise<MysqlConnection> {
  const { host, port, user, database, password = '' } = options;
  const connection = await createConnection({
    host,
    port,
    user,
    database,
    password,
    ...(tls ? { ssl: tlsOptions(options) } : {}),
    charset: 'utf8mb4',
    connectTimeout: CONNECT_MS_MAX,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    // The server may never ask for a file of ours.
    flags: ['-LOCAL_FILES'],
  } satisfies ConnectionOptions);
  // A cut connection must not end the process; the running query rejects.
  connection.on('error', () => {});
  try {
    await connection.query(SESSION);
    await connection.query('set session transaction isolation level read committed');
    const [rows] = await connection.query<RowDataPacket[]>(
      'select version() as version, cast(@@max_allowed_packet as char) as packet',
    );
    const version = String(rows[0]!['version']);
    let isAborted = false;
    const close = async (): Promise<void> => {
      // A polite end waits for an answer, and nobody says that the socket is gone.
      if (isAborted) connection.destroy();
      else await connection.end();
    };
    return {
      connection,
      version,
      collation: exactCollation(version),
      packetBytes: Number(rows[0]!['packet']),
      abort: () => {
        isAborted = true;
        const { stream } = (connection as unknown as { connection: { stream: { destroy(): void } } }).connection;
        stream.destroy();
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

function tlsOptions({ ssl, ca }: ServerOptions): NonNullable<Exclude<ConnectionOptions['ssl'], string>> {
  const authority = ca === undefined ? {} : { ca };
  if (ssl === 'verify-full') return { ...authority, rejectUnauthorized: true, verifyIdentity: true };
  // A given authority is checked, the host name is not.
  if (ssl === 'require' && ca !== undefined) return { ca, rejectUnauthorized: true, verifyIdentity: false };
  return { rejectUnauthorized: false };
}

const LOGIN_ERRORS = new Set([1044, 1045, 1698, 1049, 1130, 1251, 1820, 3118]);
const UNKNOWN_DATABASE = 1_049;
const WRONG_PASSWORD = 1_045;

function connectError(error: unknown, options: ServerOptions): unknown {
  if (error instanceof MillraceError) return error;
  const errno = serverErrno(error);
  const message = serverMessage(error) || String((error as { code?: string }).code);
  const where = `${options.host}:${options.port}`;
  if (errno !== undefined && LOGIN_ERRORS.has(errno)) {
    const isDatabase = errno === UNKNOWN_DATABASE;
    return new MillraceError(
      LoginRefused,
      {
        message: `${where} refuses user "${options.user}" for database "${options.database}": ${message}`,
        mend: isDatabase
          ? `CREATE DATABASE \`${options.database}\`;`
          : 'Correct user and password, or what the user may do (GRANT).',
        pointer: isDatabase
          ? '/database'
          : errno === WRONG_PASSWORD && options.password !== undefined
            ? '/password'
            : '/user',
      },
      { cause: error },
    );
  }
  return new MillraceError(
    Unreachable,
    {
      message: `cannot connect to ${where}: ${message}`,
      mend: 'Check that the server runs, that host and port are right, and that "ssl" fits it.',
      pointer: '/host',
    },
    { cause: error },
  );
}
