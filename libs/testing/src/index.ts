export { freePort } from './servers/free-port.ts';
export { GuardedProcess, ServerDidNotStart } from './servers/guarded-process.ts';
export { type PostgresOptions, PostgresServer } from './servers/postgres-server.ts';
export { type RedisOptions, RedisServer } from './servers/redis-server.ts';
export { type SharedPostgres, testPostgres, testRedis } from './servers/shared.ts';
export { type DatabaseConnection, type TestDatabase, createTestDatabase } from './servers/test-database.ts';
