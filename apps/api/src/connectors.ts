import { ConnectorRegistry } from '@millrace/connector-contract';
import { filesSink } from '@millrace/connector-files';
import { jdbcSink, jdbcSource } from '@millrace/connector-jdbc';
import { kafkaSink, kafkaSource } from '@millrace/connector-kafka';
import { postgresSource } from '@millrace/connector-postgres';
import { s3Sink, s3Source } from '@millrace/connector-s3';

/** Every connector the api knows. */
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
