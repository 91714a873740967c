import type { MariadbDatabase, TestDatabase } from '@millrace/testing';
import pg from 'pg';

const ROWS_EACH = 5_000;

/** All rows of a table through `pg` and a cursor, as arrays. Returns rows per second. */
export async function selectPostgres(database: TestDatabase, table: string): Promise<number> {
  const client = await database.connect();
  const started = performance.now();
  await client.query(`begin; declare bare cursor for select * from ${table}`);
  let rows = 0;
  for (;;) {
    const query: pg.QueryArrayConfig = { text: `fetch ${ROWS_EACH} from bare`, rowMode: 'array' };
    const answer = await client.query(query);
    rows += answer.rows.length;
    if (answer.rows.length < ROWS_EACH) break;
  }
  await client.query('commit');
  const seconds = (performance.now() - started) / 1_000;
  await client.end();
  return rows / seconds;
}

/** The same through mysql2 and its stream. */
export async function selectMariadb(database: MariadbDatabase, table: string): Promise<number> {
  const connection = await database.connect();
  const started = performance.now();
  let rows = 0;
  const core = (connection as unknown as { connection: unknown }).connection as {
    query(options: { sql: string; rowsAsArray: boolean }): { stream(): AsyncIterable<unknown> };
  };
  for await (const _ of core.query({ sql: `select * from ${table}`, rowsAsArray: true }).stream()) rows += 1;
  const seconds = (performance.now() - started) / 1_000;
  await connection.end();
  return rows / seconds;
}
