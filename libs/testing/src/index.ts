export { freePort } from './servers/free-port.ts';
export { GuardedProcess, ServerDidNotStart } from './servers/guarded-process.ts';
export { type PostgresOptions, PostgresServer } from './servers/postgres-server.ts';
export { type RedisOptions, RedisServer } from './servers/redis-server.ts';
export { type SharedPostgres, testPostgres, testRedis } from './servers/shared.ts';
export { createTestDatabase, type DatabaseConnection, type TestDatabase } from './servers/test-database.ts';
export { SeededRandom } from './shop/seeded-random.ts';
export { createShop, DEMO_SHOP, SHOP_TABLES, type ShopSize } from './shop/shop-schema.ts';
export { BULK_ROWS, ShopTraffic, type TrafficOptions } from './shop/shop-traffic.ts';
