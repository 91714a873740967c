import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** How to reach a database, as the connectors' options take it. */
export interface DatabaseConnection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
}

/** A database of one test file's own. Disposing drops it with its replication slots. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly connection: DatabaseConnection;
  /** Runs statements in a connection of their own and returns the rows of the last one. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** An open client; the caller ends it. */
  connect(): Promise<pg.Client>;
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function drop(serverUrl: string, name: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    const slots = await client.query('select active_pid, slot_name from pg_replication_slots where database = $1', [
      name,
    ]);
    for (const slot of slots.rows as { active_pid: number | null; slot_name: string }[]) {
      if (slot.active_pid !== null) await client.query('select pg_terminate_backend($1, 5000)', [slot.active_pid]);
      await client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [
        slot.slot_name,
      ]);
    }
    await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
  });
}

/** Creates a database with a fresh name on the server at `serverUrl` (a superuser's). */
export async function createTestDatabase(serverUrl: string, prefix = 'test'): Promise<TestDatabase> {
  const name = `${prefix}_${randomBytes(6).toString('hex')}`;
  await withClient(serverUrl, (client) => client.query(`create database ${pg.escapeIdentifier(name)}`));
  const address = new URL(serverUrl);
  address.pathname = `/${name}`;
  const url = address.toString();
  return {
    name,
    url,
    connection: {
      host: address.hostname,
      port: Number(address.port || 5432),
      database: name,
      user: decodeURIComponent(address.username),
      password: address.password === '' ? undefined : decodeURIComponent(address.password),
    },
    query: <Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]) =>
      withClient(url, async (client) => {
        const result = values === undefined ? await client.query(sql) : await client.query(sql, [...values]);
        const last: pg.QueryResult<Row> = Array.isArray(result) ? result.at(-1) : result;
        return last.rows;
      }),
    async connect() {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    [Symbol.asyncDispose]: () => drop(serverUrl, name),
  };
}
