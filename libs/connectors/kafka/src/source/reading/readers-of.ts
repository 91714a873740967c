import type { Column, TableSchema } from '@millrace/formats';
import { keyFormatOf } from '../../message/format-options.ts';
import type { SchemaRegistry } from '../../registry/schema-registry.ts';
import type { SourceStage } from '../source-stage.ts';
import { CloudEventMessages, DebeziumMessages, JsonKeys, JsonMessages } from './json-reader.ts';
import type { KeyReader, MessageReader } from './message-reader.ts';
import { PlainKeys, PlainMessages } from './plain-reader.ts';
import { RegisteredMessages } from './registered-reader.ts';

export interface Readers {
  readonly values: MessageReader;
  /** Absent: the stage has no key. */
  readonly keys: KeyReader | undefined;
}

/** @param registryOf asked only by formats that need one */
export function readersOf(stage: SourceStage, schema: TableSchema, registryOf: () => SchemaRegistry): Readers {
  const keyColumns = schema.columns.filter((column) => column.key);
  const registered = (format: 'avro' | 'json-schema', part: 'key' | 'value', columns: readonly Column[]) =>
    new RegisteredMessages({ format, part, columns, registry: registryOf(), resolve: stage.resolve ?? 'declared' });
  const keys =
    keyColumns.length === 0 ? undefined : keyReader(stage, schema, (format) => registered(format, 'key', keyColumns));
  const { format } = stage;
  switch (format) {
    case 'json':
      return { keys, values: new JsonMessages(schema.columns) };
    case 'debezium-json':
      return { keys, values: new DebeziumMessages(schema.columns) };
    case 'cloudevents':
      return { keys, values: new CloudEventMessages(schema.columns) };
    case 'plain':
      return { keys, values: new PlainMessages(schema, keys!) };
    default:
      return { keys, values: registered(format, 'value', schema.columns) };
  }
}

function keyReader(
  stage: SourceStage,
  schema: TableSchema,
  registered: (format: 'avro' | 'json-schema') => KeyReader,
): KeyReader {
  const format = keyFormatOf(stage);
  switch (format) {
    case 'json':
      return new JsonKeys(schema.columns.filter((column) => column.key));
    case 'plain':
      return new PlainKeys(schema);
    default:
      return registered(format);
  }
}
