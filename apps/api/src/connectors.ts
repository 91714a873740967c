import { amqpSink, amqpSource } from '@millrace/connector-amqp';
import { bullmqSink, bullmqSource } from '@millrace/connector-bullmq';
import { CONNECTORS_VARIABLE, type ConnectorRegistry, loadConnectors } from '@millrace/connector-contract';
import { filesSink, filesSource } from '@millrace/connector-files';
import { httpSink, httpSource } from '@millrace/connector-http';
import { jdbcSink, jdbcSource } from '@millrace/connector-jdbc';
import { kafkaSink, kafkaSource } from '@millrace/connector-kafka';
import { mqttSink, mqttSource } from '@millrace/connector-mqtt';
import { natsSink, natsSource } from '@millrace/connector-nats';
import { opensearchSink } from '@millrace/connector-opensearch';
import { postgresSource } from '@millrace/connector-postgres';
import { redisSink, redisSource } from '@millrace/connector-redis';
import { s3Sink, s3Source } from '@millrace/connector-s3';
import { socketsSink, socketsSource } from '@millrace/connector-sockets';
import { subscriptionSink } from '@millrace/connector-subscription';

const BUILT_IN = [
  postgresSource,
  kafkaSource,
  natsSource,
  amqpSource,
  mqttSource,
  bullmqSource,
  s3Source,
  filesSource,
  jdbcSource,
  redisSource,
  httpSource,
  socketsSource,
  jdbcSink,
  filesSink,
  httpSink,
  socketsSink,
  kafkaSink,
  redisSink,
  natsSink,
  amqpSink,
  mqttSink,
  opensearchSink,
  bullmqSink,
  s3Sink,
  subscriptionSink,
];

/** Every connector the api knows, with those of `MILLRACE_CONNECTORS`. */
export const connectorsOf = (env: NodeJS.ProcessEnv): Promise<ConnectorRegistry> =>
  loadConnectors(BUILT_IN, env[CONNECTORS_VARIABLE]);
