import { ArtemisServer } from './artemis-server.ts';
import { HdfsServer } from './hdfs-server.ts';
import { KafkaServer } from './kafka-server.ts';
import { createMariadbDatabase, type MariadbDatabase } from './mariadb-database.ts';
import { MariadbServer } from './mariadb-server.ts';
import { MosquittoServer } from './mosquitto-server.ts';
import { NatsServer } from './nats-server.ts';
import { OpensearchServer } from './opensearch-server.ts';
import { PostgresServer } from './postgres-server.ts';
import { RedisServer } from './redis-server.ts';
import { RegistryServer } from './registry-server.ts';
import { S3Server } from './s3-server.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { VersityServer } from './versity-server.ts';

/** A server that tests share: from the environment, else one for this process. */
export interface SharedPostgres {
  readonly url: string;
  createDatabase(prefix?: string): Promise<TestDatabase>;
}

/** One Kafka broker, as `host:port`, for all its listeners. */
export interface SharedKafka {
  readonly brokers: string;
  /** The listener that wants `KAFKA_USER`. */
  readonly saslBrokers: string;
}

/** The same at MariaDB. */
export interface SharedMariadb {
  readonly url: string;
  createDatabase(prefix?: string): Promise<MariadbDatabase>;
}

let postgres: Promise<SharedPostgres> | undefined;
let mariadb: Promise<SharedMariadb> | undefined;
let redis: Promise<{ readonly url: string }> | undefined;
let kafka: Promise<SharedKafka> | undefined;
let s3: Promise<{ readonly url: string }> | undefined;
let versity: Promise<{ readonly url: string }> | undefined;
let artemis: Promise<{ readonly host: string }> | undefined;
let mqtt: Promise<{ readonly url: string }> | undefined;
let nats: Promise<{ readonly url: string }> | undefined;
let hdfs: Promise<{ readonly url: string }> | undefined;
let opensearch: Promise<{ readonly url: string }> | undefined;
let registry: Promise<{ readonly url: string }> | undefined;

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

/** S3 with path-style addresses, key and secret in the URL: `TEST_S3_URL`, else a private one that ends with this process. */
export function testS3(): Promise<{ readonly url: string }> {
  const url = process.env['TEST_S3_URL'];
  s3 ??= url === undefined ? S3Server.start() : Promise.resolve({ url });
  return s3;
}

/** The same of another make (versitygw): `TEST_VERSITY_URL`, else a private one that ends with this process. */
export function testVersity(): Promise<{ readonly url: string }> {
  const url = process.env['TEST_VERSITY_URL'];
  versity ??= url === undefined ? VersityServer.start() : Promise.resolve({ url });
  return versity;
}

/** Kafka without TLS: `TEST_KAFKA_BROKERS` and `TEST_KAFKA_SASL_BROKERS`, else a private one that ends with this process. */
export function testKafka(): Promise<SharedKafka> {
  const brokers = process.env['TEST_KAFKA_BROKERS'];
  const saslBrokers = process.env['TEST_KAFKA_SASL_BROKERS'];
  kafka ??=
    brokers === undefined || saslBrokers === undefined
      ? KafkaServer.start()
      : Promise.resolve({ brokers, saslBrokers });
  return kafka;
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

/** A schema registry that speaks Confluent's protocol below this address: `TEST_REGISTRY_URL`, else a private one that ends with this process. */
export function testRegistry(): Promise<{ readonly url: string }> {
  const url = process.env['TEST_REGISTRY_URL'];
  registry ??= url === undefined ? RegistryServer.start() : Promise.resolve({ url });
  return registry;
}

/** An MQTT 5 broker that keeps sessions: `TEST_MQTT_URL`, else a private one that ends with this process. */
export function testMqtt(): Promise<{ readonly url: string }> {
  const url = process.env['TEST_MQTT_URL'];
  mqtt ??= url === undefined ? MosquittoServer.start() : Promise.resolve({ url });
  return mqtt;
}

/** NATS with JetStream: `TEST_NATS_URL`, else a private one that ends with this process. */
export function testNats(): Promise<{ readonly url: string }> {
  const url = process.env['TEST_NATS_URL'];
  nats ??= url === undefined ? NatsServer.start() : Promise.resolve({ url });
  return nats;
}

/** A broker that speaks AMQP 1.0, as `host:port`: `TEST_AMQP_HOST`, else a private one that ends with this process. */
export function testAmqp(): Promise<{ readonly host: string }> {
  const host = process.env['TEST_AMQP_HOST'];
  artemis ??= host === undefined ? ArtemisServer.start() : Promise.resolve({ host });
  return artemis;
}

/** OpenSearch without a login: `TEST_OPENSEARCH_URL`, else a private one that ends with this process. */
export function testOpensearch(): Promise<{ readonly url: string }> {
  const url = process.env['TEST_OPENSEARCH_URL'];
  opensearch ??= url === undefined ? OpensearchServer.start() : Promise.resolve({ url });
  return opensearch;
}

/** WebHDFS of a NameNode without Kerberos, at which this process's user may do everything: `TEST_HDFS_URL`, else a private one that ends with this process. */
export function testHdfs(): Promise<{ readonly url: string }> {
  const url = process.env['TEST_HDFS_URL'];
  hdfs ??= url === undefined ? HdfsServer.start() : Promise.resolve({ url });
  return hdfs;
}
