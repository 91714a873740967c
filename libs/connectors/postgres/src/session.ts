import type { Socket } from 'node:net';
import { MillraceError } from '@millrace/kernel';
import pg from 'pg';
import type { ConnectionOptions } from './config.ts';
import { ConnectionLost } from './errors.ts';
import { AuthenticationFailed, NoSuchDatabase, TlsFailed, Unreachable } from './setup-errors.ts';

const CONNECT_MS_MAX = 10_000;
const KEEP_ALIVE_DELAY_MS = 30_000;

/**
 * Settings of every connection, replication or not, so that the initial load and the stream write each value with the same text.
 * `search_path` decides how names print (regclass); `row_security` off makes a hidden row an error instead of a gap.
 */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  DateStyle: 'ISO,MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '3',
  bytea_output: 'hex',
  lc_monetary: 'C',
  client_encoding: 'UTF8',
  search_path: 'pg_catalog',
  quote_all_identifiers: 'off',
  row_security: 'off',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};

export interface SessionPurpose {
  /** Shown in `pg_stat_activity`: `millrace load orders`. */
  readonly applicationName: string;
  /** A walsender connection on the database, for START_REPLICATION. */
  readonly replication?: boolean;
  /** Makes the socket when the connection is not encrypted. */
  readonly stream?: () => Socket;
}

/**
 * Opens a connection with `SESSION_SETTINGS`; the caller ends it. An `error` listener is set, so that a cut connection does not
 * end the process: the running query rejects.
 * @throws MillraceError `postgres.unreachable`, `.authentication_failed`, `.no_such_database`, `.tls_failed`, `.connection_lost`;
 *   the signal's reason when it is aborted first.
 */
export async function openSession(
  options: ConnectionOptions,
  purpose: SessionPurpose,
  signal?: AbortSignal,
): Promise<pg.Client> {
  signal?.throwIfAborted();
  try {
    return await connect(options, purpose, options.ssl !== 'disable', signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (options.ssl !== 'prefer' || !hasNoTls(error)) throw connectError(error, options);
  }
  try {
    return await connect(options, purpose, false, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw connectError(error, options);
  }
}

async function connect(
  options: ConnectionOptions,
  purpose: SessionPurpose,
  tls: boolean,
  signal: AbortSignal | undefined,
): Promise<pg.Client> {
  const client = new pg.Client({
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    // Never undefined: pg would look into the environment and ~/.pgpass of whoever runs the worker.
    password: options.password ?? '',
    ssl: tls ? tlsOptions(options) : false,
    application_name: purpose.applicationName,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    options: settingsOption(),
    ...(purpose.replication === true ? { replication: 'database' } : {}),
    ...(tls || purpose.stream === undefined ? {} : { stream: purpose.stream }),
  } as pg.ClientConfig);
  client.on('error', () => {});
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      // `end` would wait for the connection that it is to stop.
      (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream.destroy();
      reject(signal?.reason);
    };
  });
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([client.connect(), aborted]);
    return client;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** Startup option `-c name=value …`; blanks and backslashes in values are escaped as the server's `pg_split_opts` wants it. */
function settingsOption(): string {
  return Object.entries(SESSION_SETTINGS)
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, '\\$&')}`)
    .join(' ');
}

function tlsOptions(options: ConnectionOptions) {
  const ca = options.ca === undefined ? {} : { ca: options.ca };
  if (options.ssl === 'verify-full') return { ...ca, rejectUnauthorized: true };
  // As libpq: with an authority given, the certificate must be its, for whatever host.
  return { ...ca, rejectUnauthorized: options.ca !== undefined, checkServerIdentity: () => undefined };
}

const hasNoTls = (error: unknown): boolean =>
  error instanceof Error && error.message === 'The server does not support SSL connections';

/** What `pg` throws while connecting, as a coded error. The password is in none of its messages. */
function connectError(error: unknown, options: ConnectionOptions): MillraceError {
  if (error instanceof MillraceError) return error;
  const { code = '', message } = error as Error & { code?: string };
  const address = `${options.host}:${options.port}`;
  const cause = { cause: error };
  if (code === '3D000') {
    const info = {
      message: `there is no database "${options.database}" on ${address}`,
      mend: 'Correct "database".',
      pointer: '/database',
    };
    return new MillraceError(NoSuchDatabase, info, cause);
  }
  if (code.startsWith('28') || message.startsWith('SASL')) {
    const reason =
      message.startsWith('SASL') && options.password === undefined
        ? 'it asks for a password and none is given'
        : message;
    const info = {
      message: `${address} refused the login of "${options.user}": ${reason}`,
      mend: 'Correct "user" and "password", or let the role in with a line in pg_hba.conf.',
      pointer: code === '28000' ? '/user' : '/password',
    };
    return new MillraceError(AuthenticationFailed, info, cause);
  }
  if (hasNoTls(error) || /CERT|TLS|SSL/.test(code)) {
    const info = {
      message: `no trusted TLS connection to ${address}: ${message}`,
      mend: 'Give the authority\'s certificate in "ca", or choose another "ssl" mode.',
      pointer: '/ssl',
    };
    return new MillraceError(TlsFailed, info, cause);
  }
  // SQLSTATE: the server is there but cannot serve now (starting, stopping, too many connections).
  if (/^[0-9A-Z]{5}$/.test(code) && /^\d/.test(code)) {
    const info = {
      message: `${address} does not take the connection: ${message} (${code})`,
      mend: 'It is tried again with growing pauses.',
    };
    return new MillraceError(ConnectionLost, info, cause);
  }
  const info = {
    message: `no PostgreSQL server answers at ${address}: ${message || code}`,
    mend: 'Correct "host" and "port"; check that the server runs, listens on this address and that no firewall stands between.',
    pointer: '/host',
  };
  return new MillraceError(Unreachable, info, cause);
}
