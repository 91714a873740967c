import { ConnectorRegistry } from '@millrace/connector-contract';
import { filesSink } from '@millrace/connector-files';
import { jdbcSink, jdbcSource } from '@millrace/connector-jdbc';
import { kafkaSink, kafkaSource } from '@millrace/connector-kafka';
import { postgresSource } from '@millrace/connector-postgres';
import { s3Sink, s3Source } from '@millrace/connector-s3';

/** Every connector this worker can run. The engine's threads import this file too. */
export const connectors = ConnectorRegistry.of([
  postgresSource,
  kafkaSource,
  s3Source,
  jdbcSource,
  jdbcSink,
  filesSink,
  kafkaSink,
  s3Sink,
]);
