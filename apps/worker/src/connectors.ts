import { ConnectorRegistry } from '@millrace/connector-contract';
import { filesSink } from '@millrace/connector-files';
import { jdbcSink } from '@millrace/connector-jdbc';
import { kafkaSink } from '@millrace/connector-kafka';
import { postgresSource } from '@millrace/connector-postgres';

/** Every connector this worker can run. The engine's threads import this file too. */
export const connectors = ConnectorRegistry.of([postgresSource, jdbcSink, filesSink, kafkaSink]);
