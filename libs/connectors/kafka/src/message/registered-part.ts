import {
  AvroRowWriter,
  ByteOutput,
  type ChangeBatch,
  keyJsonSchema,
  Op,
  RowJsonWriter,
  rowJsonSchema,
  type TableSchema,
} from '@millrace/formats';
import type { SinkStage } from '../config.ts';
import type { NewSchema, SchemaRegistry, SchemaType } from '../registry/schema-registry.ts';
import { type SubjectStrategy, subjectOf } from '../registry/subject.ts';
import { PREFIX_BYTES, putPrefix } from '../registry/wire-format.ts';
import { AVRO_DEFAULTS } from './format-options.ts';
import { USUAL_BYTES } from './json-part.ts';
import type { PartWriter } from './part-writer.ts';

type Part = 'key' | 'value';

/** Writes records of one kind of schema. */
interface SchemaWriter {
  readonly type: SchemaType;
  /** The schema of a table's records, and the record's name. */
  schemaOf(table: TableSchema): { readonly schema: object; readonly record: string };
  write(batch: ChangeBatch, index: number): void;
}

function avroWriter(output: ByteOutput, part: Part, { avro = AVRO_DEFAULTS, key }: SinkStage): SchemaWriter {
  const writer = new AvroRowWriter(output, avro, key);
  return {
    type: 'AVRO',
    schemaOf(table) {
      const schema = part === 'key' ? writer.keySchema(table) : writer.rowSchema(table);
      return { schema, record: `${schema.namespace}.${schema.name}` };
    },
    write: (batch, index) => (part === 'key' ? writer.key(batch, index) : writer.row(batch, index)),
  };
}

function jsonWriter(output: ByteOutput, part: Part, { key }: SinkStage): SchemaWriter {
  const writer = new RowJsonWriter(output, key);
  return {
    type: 'JSON',
    schemaOf(table) {
      const isKey = ({ key: own, name }: TableSchema['columns'][number]): boolean =>
        key === undefined ? own : key.includes(name);
      const schema = part === 'key' ? keyJsonSchema(table, table.columns.filter(isKey)) : rowJsonSchema(table);
      return { schema, record: schema.title };
    },
    write: (batch, index) => (part === 'key' ? writer.key(batch, index) : writer.row(batch, index)),
  };
}

/** The schemas that a table's messages have, to look at before any is written. */
export function newSchema(
  writer: SchemaWriter,
  part: Part,
  table: TableSchema,
  topic: string,
  strategy: SubjectStrategy = 'topic-name',
): NewSchema {
  const { schema, record } = writer.schemaOf(table);
  return { subject: subjectOf(strategy, topic, part, record), type: writer.type, text: JSON.stringify(schema) };
}

export function schemaWriter(
  format: 'avro' | 'json-schema',
  part: Part,
  stage: SinkStage,
  output = new ByteOutput(USUAL_BYTES),
): SchemaWriter {
  return format === 'avro' ? avroWriter(output, part, stage) : jsonWriter(output, part, stage);
}

/** Rows or keys whose schema is in the registry, each after the prefix that says which. */
export class RegisteredPart implements PartWriter {
  readonly #output = new ByteOutput(USUAL_BYTES);
  readonly #writer: SchemaWriter;
  readonly #part: Part;
  readonly #stage: SinkStage;
  readonly #registry: SchemaRegistry;
  readonly #ids = new WeakMap<TableSchema, number>();

  constructor(format: 'avro' | 'json-schema', part: Part, stage: SinkStage, registry: SchemaRegistry) {
    this.#writer = schemaWriter(format, part, stage, this.#output);
    this.#part = part;
    this.#stage = stage;
    this.#registry = registry;
  }

  /** A shape that comes again, as another object, has the schema that is registered already. */
  isReady(table: TableSchema, topic: string): boolean {
    if (this.#ids.has(table)) return true;
    const id = this.#registry.knownId(this.#schema(table, topic));
    if (id !== undefined) this.#ids.set(table, id);
    return id !== undefined;
  }

  /** @throws MillraceError */
  async prepare(table: TableSchema, topic: string): Promise<void> {
    if (this.isReady(table, topic)) return;
    const schema = this.#schema(table, topic);
    const isRegistered = this.#stage.registerSchemas ?? true;
    this.#ids.set(table, await (isRegistered ? this.#registry.register(schema) : this.#registry.find(schema)));
  }

  #schema(table: TableSchema, topic: string): NewSchema {
    return newSchema(this.#writer, this.#part, table, topic, this.#stage.subjects);
  }

  /** @throws MillraceError `formats.value_unsupported` */
  write(batch: ChangeBatch, index: number): Uint8Array | undefined {
    if (batch.op[index] === Op.Delete && this.#part === 'value') return undefined;
    const output = this.#output;
    output.clear();
    output.reserve(PREFIX_BYTES);
    putPrefix(output.buffer, 0, this.#ids.get(batch.schemas[batch.schemaOf[index]!]!)!);
    output.length = PREFIX_BYTES;
    this.#writer.write(batch, index);
    return output.bytes;
  }
}
