import { randomBytes } from 'node:crypto';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { DatabaseConnection } from './test-database.ts';

/** A database of one test file's own on MariaDB. Disposing drops it. */
export interface MariadbDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly connection: DatabaseConnection;
  /** Runs statements in a connection of their own and returns the rows of the last one; big integers and decimals as text. */
  query<Row = Record<string, unknown>>(sql: string, values?: readonly (string | number | null)[]): Promise<Row[]>;
  /** An open connection; the caller ends it. */
  connect(): Promise<Connection>;
}

function open(url: string): Promise<Connection> {
  return createConnection({
    uri: url,
    multipleStatements: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    charset: 'utf8mb4',
  });
}

async function withConnection<T>(url: string, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await open(url);
  try {
    return await use(connection);
  } finally {
    await connection.end();
  }
}

/** Creates a database with a fresh name on the server at `serverUrl` (an administrator's). */
export async function createMariadbDatabase(serverUrl: string, prefix = 'test'): Promise<MariadbDatabase> {
  const name = `${prefix}_${randomBytes(6).toString('hex')}`;
  await withConnection(serverUrl, (connection) => connection.query(`create database \`${name}\``));
  const address = new URL(serverUrl);
  address.pathname = `/${name}`;
  const url = address.toString();
  return {
    name,
    url,
    connection: {
      host: address.hostname,
      port: Number(address.port || 3306),
      database: name,
      user: decodeURIComponent(address.username),
      password: address.password === '' ? undefined : decodeURIComponent(address.password),
    },
    query: <Row>(sql: string, values: readonly (string | number | null)[] = []) =>
      withConnection(url, async (connection) => {
        const [result] = await connection.query(sql, [...values]);
        const several = Array.isArray(result) && (Array.isArray(result[0]) || Array.isArray(result.at(-1)));
        const last: unknown = several ? (result as unknown[]).at(-1) : result;
        return Array.isArray(last) ? (last as Row[]) : [];
      }),
    connect: () => open(url),
    [Symbol.asyncDispose]: () =>
      withConnection(serverUrl, async (connection) => {
        // A session that a failed test left open would keep its process alive.
        const [left] = await connection.query<RowDataPacket[]>(
          'select id from information_schema.processlist where db = ?',
          [name],
        );
        for (const { id } of left) await connection.query(`kill ${id}`).catch(() => {});
        await connection.query(`drop database if exists \`${name}\``);
      }),
  };
}
