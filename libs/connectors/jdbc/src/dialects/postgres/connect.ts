import { MillraceError } from '@millrace/kernel';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import type { ServerOptions } from '../../config.ts';
import { LoginRefused, Unreachable } from '../../errors.ts';
import { sqlState } from './server-error.ts';

export const DEFAULT_PORT = 5_432;
const CONNECT_MS_MAX = 10_000;
const KEEP_ALIVE_DELAY_MS = 10_000;

/** Settings that decide how the text of a value is read, so that it means here what it meant at the source; and no time limits. */
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  DateStyle: 'ISO,MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  lc_monetary: 'C',
  client_encoding: 'UTF8',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};

/** A connection: TypeORM's driver opens it, and the `pg` client underneath does the work. */
export interface PostgresConnection extends AsyncDisposable {
  close(): Promise<void>;
  readonly client: pg.PoolClient;
  /** Destroys the socket: whatever runs rejects. */
  abort(): void;
}

/** @throws MillraceError `jdbc.unreachable`, `jdbc.login_refused` */
export async function connect(options: ServerOptions, applicationName: string): Promise<PostgresConnection> {
  try {
    return await open(options, applicationName, options.ssl !== 'disable');
  } catch (error) {
    const hasNoTls = error instanceof Error && error.message.includes('does not support SSL');
    if (options.ssl !== 'prefer' || !hasNoTls) throw connectError(error, options);
  }
  try {
    return await open(options, applicationName, false);
  } catch (error) {
    throw connectError(error, options);
  }
}

async function open(options: ServerOptions, applicationName: string, tls: boolean): Promise<PostgresConnection> {
  const dataSource = new DataSource({
    type: 'postgres',
    host: options.host,
    port: options.port,
    database: options.database,
    username: options.user,
    // Never undefined: pg would look into the environment and ~/.pgpass of whoever runs the worker.
    password: options.password ?? '',
    ssl: tls ? tlsOptions(options) : false,
    applicationName,
    connectTimeoutMS: CONNECT_MS_MAX,
    poolSize: 1,
    installExtensions: false,
    logging: false,
    poolErrorHandler: () => {},
    extra: {
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
      options: Object.entries(SESSION_SETTINGS)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    },
  });
  await dataSource.initialize();
  const queryRunner = dataSource.createQueryRunner();
  try {
    const client = (await queryRunner.connect()) as pg.PoolClient;
    // A cut connection must not end the process; the running query rejects.
    client.on('error', () => {});
    // The target must have what is confirmed upstream, whatever the role's default says.
    await client.query(
      "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'",
    );
    const socket = (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
    const close = async (): Promise<void> => {
      await queryRunner.release();
      await dataSource.destroy();
    };
    return {
      client,
      abort: () => socket.destroy(),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await dataSource.destroy().catch(() => {});
    throw error;
  }
}

function tlsOptions({ ssl, ca, host }: ServerOptions): object {
  if (ssl === 'verify-full') return { ca, servername: host, rejectUnauthorized: true };
  // As libpq: a given authority is checked, the host name is not.
  if (ssl === 'require' && ca !== undefined) {
    return { ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  }
  return { rejectUnauthorized: false };
}

function connectError(error: unknown, options: ServerOptions): unknown {
  if (error instanceof MillraceError) return error;
  const message = error instanceof Error ? error.message || String((error as { code?: string }).code) : String(error);
  const where = `${options.host}:${options.port}`;
  const state = sqlState(error);
  const login = state !== undefined && (/^(28|3D)/.test(state) || state === '42501');
  if (login || message.includes('SASL') || message.includes('password must be')) {
    return new MillraceError(
      LoginRefused,
      {
        message: `${where} refuses user "${options.user}" for database "${options.database}": ${message}`,
        mend:
          state === '3D000'
            ? `CREATE DATABASE ${JSON.stringify(options.database)};`
            : 'Correct user and password, or the rules in pg_hba.conf.',
        pointer: state === '3D000' ? '/database' : state === '28P01' || state === undefined ? '/password' : '/user',
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
