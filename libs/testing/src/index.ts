export { insertLetters, type TestLetter } from './letters/insert-letters.ts';
export { ContractBroken } from './processor/hostile-outbox.ts';
export { ProcessorVerification, plainRows, type VerifyOptions, verifyProcessor } from './processor/verify-processor.ts';
export { AMQP_USER, ArtemisServer } from './servers/artemis-server.ts';
export { freePort } from './servers/free-port.ts';
export { GuardedProcess, ServerDidNotStart } from './servers/guarded-process.ts';
export { HdfsServer } from './servers/hdfs-server.ts';
export { KAFKA_USER, type KafkaOptions, KafkaServer, kafkaClassPath } from './servers/kafka-server.ts';
export type { MariadbDatabase } from './servers/mariadb-database.ts';
export { MariadbServer } from './servers/mariadb-server.ts';
export { javaProgram, mavenJars } from './servers/maven-jars.ts';
export { type MosquittoOptions, MosquittoServer } from './servers/mosquitto-server.ts';
export { NatsServer } from './servers/nats-server.ts';
export { OpensearchServer } from './servers/opensearch-server.ts';
export { type PostgresOptions, PostgresServer } from './servers/postgres-server.ts';
export { type RedisOptions, RedisServer } from './servers/redis-server.ts';
export { RegistryServer } from './servers/registry-server.ts';
export { S3Server } from './servers/s3-server.ts';
export {
  type SharedKafka,
  type SharedMariadb,
  type SharedPostgres,
  testAmqp,
  testHdfs,
  testKafka,
  testMariadb,
  testMqtt,
  testNats,
  testOpensearch,
  testPostgres,
  testRedis,
  testRegistry,
  testS3,
  testVersity,
} from './servers/shared.ts';
export { type Certificate, TestAuthority } from './servers/test-certificates.ts';
export { createTestDatabase, type DatabaseConnection, type TestDatabase } from './servers/test-database.ts';
export { VersityServer } from './servers/versity-server.ts';
export { SeededRandom } from './shop/seeded-random.ts';
export { createShop, DEMO_SHOP, SHOP_TABLES, type ShopSize } from './shop/shop-schema.ts';
export { BULK_ROWS, ShopTraffic, type TrafficOptions } from './shop/shop-traffic.ts';
