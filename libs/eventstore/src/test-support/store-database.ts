import { type TestDatabase, testPostgres } from '@millrace/testing';
import pg from 'pg';
import { migrate } from '../schema/migrate.ts';

/** A database with the store's schema, and a pool. Disposing drops it. */
export interface StoreDatabase extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly pool: pg.Pool;
}

export async function openPool(url: string, max = 20): Promise<pg.Pool> {
  const pool = new pg.Pool({ connectionString: url, max });
  // A server that is killed ends idle clients; the next query says so.
  pool.on('error', () => {});
  return pool;
}

export async function storeDatabase(): Promise<StoreDatabase> {
  const database = await (await testPostgres()).createDatabase('events');
  const pool = await openPool(database.url);
  await migrate(pool);
  return {
    database,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
}
