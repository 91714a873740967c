import { MillraceError } from '@millrace/kernel';
import pg from 'pg';
import { BadArgument, ConnectFailed, NotPermitted, QueryFailed } from './errors.ts';

/** A `postgres://` URL, or the fields of one. */
export type Address = string | pg.ClientConfig;

export type Side = 'source' | 'target';

const CONNECT_MS_MAX = 10_000;

/** Everything that changes how PostgreSQL prints a value, so that both servers print it alike. */
const SETTINGS = `
  set client_encoding = 'UTF8'; set datestyle = 'ISO, YMD'; set timezone = 'UTC'; set intervalstyle = 'postgres';
  set extra_float_digits = 3; set bytea_output = 'hex'; set lc_monetary = 'C'; set xmloption = 'content'; set search_path = pg_catalog;
  set row_security = off; set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0`;

/** A session of the comparison; every failed query is a coded error that names the side. */
export class Session implements AsyncDisposable {
  readonly side: Side;
  readonly #client: pg.Client;

  private constructor(side: Side, client: pg.Client) {
    this.side = side;
    this.#client = client;
  }

  /** @throws MillraceError `verify.connect_failed`, `verify.bad_argument` */
  static async open(side: Side, address: Address): Promise<Session> {
    const common = { connectionTimeoutMillis: CONNECT_MS_MAX, application_name: 'millrace verify' };
    if (typeof address === 'string' && !/^postgres(ql)?:\/\//.test(address)) {
      throw new MillraceError(BadArgument, {
        message: `the ${side} is not a postgres:// URL`,
        mend: 'Write postgres://user@host:5432/database.',
      });
    }
    let client: pg.Client;
    try {
      client = new pg.Client(
        typeof address === 'string' ? { connectionString: address, ...common } : { ...address, ...common },
      );
      // A broken connection also fails the query that runs on it, which is where it is reported.
      client.on('error', () => {});
      await client.connect();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const mend =
        'Check host, port, database, user and password, and that the server lets this host in (pg_hba.conf).';
      throw new MillraceError(
        ConnectFailed,
        { message: `can't connect to the ${side}: ${reason}`, mend },
        { cause: error },
      );
    }
    const session = new Session(side, client);
    await session.query(SETTINGS);
    return session;
  }

  /** @throws MillraceError `verify.not_permitted`, `verify.query_failed` with `details.sqlState` */
  async query<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      const result =
        values.length === 0 ? await this.#client.query<Row>(sql) : await this.#client.query<Row>(sql, [...values]);
      return result.rows;
    } catch (error) {
      const { message, code: sqlState } = error as { message: string; code?: string };
      const isRight = sqlState === '42501';
      throw new MillraceError(
        isRight ? NotPermitted : QueryFailed,
        {
          message: `the ${this.side} refused: ${message}`,
          mend: isRight
            ? 'Reading takes GRANT SELECT on the tables; locking the source against writers takes GRANT UPDATE (or MAINTAIN from 17 on).'
            : undefined,
          details: { side: this.side, sqlState },
        },
        { cause: error },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end().catch(() => {});
  }
}
