import { createMariadbDatabase, type MariadbDatabase } from './mariadb-database.ts';
import { MariadbServer } from './mariadb-server.ts';
import { PostgresServer } from './postgres-server.ts';
import { RedisServer } from './redis-server.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** A server that tests share: from the environment, else one for this process. */
export interface SharedPostgres {
  readonly url: string;
  createDatabase(prefix?: string): Promise<TestDatabase>;
}

/** The same at MariaDB. */
export interface SharedMariadb {
  readonly url: string;
  createDatabase(prefix?: string): Promise<MariadbDatabase>;
}

let postgres: Promise<SharedPostgres> | undefined;
let mariadb: Promise<SharedMariadb> | undefined;
let redis: Promise<{ readonly url: string }> | undefined;

/** PostgreSQL with `wal_level=logical`: `TEST_POSTGRES_URL` (superuser), else a private one that ends with this process. */
export function testPostgres(): Promise<SharedPostgres> {
  const url = process.env['TEST_POSTGRES_URL'];
  postgres ??=
    url === undefined
      ? PostgresServer.start()
      : Promise.resolve({ url, createDatabase: (prefix?: string) => createTestDatabase(url, prefix) });
  return postgres;
}

/** Redis or Valkey that keeps acknowledged writes: `TEST_REDIS_URL`, else a private one that ends with this process. */
export function testRedis(): Promise<{ readonly url: string }> {
  const url = process.env['TEST_REDIS_URL'];
  redis ??= url === undefined ? RedisServer.start() : Promise.resolve({ url });
  return redis;
}

/** MariaDB: `TEST_MARIADB_URL` (an administrator's), else a private one that ends with this process. */
export function testMariadb(): Promise<SharedMariadb> {
  const url = process.env['TEST_MARIADB_URL'];
  mariadb ??=
    url === undefined
      ? MariadbServer.start()
      : Promise.resolve({ url, createDatabase: (prefix?: string) => createMariadbDatabase(url, prefix) });
  return mariadb;
}
