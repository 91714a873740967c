import {
  AvroReader,
  AvroSchemaInvalid,
  type Column,
  DeclaredAvroRows,
  type DeclaredRow,
  declaredRowOfJson,
  NotAValue,
} from '@millrace/formats';
import { assert, MillraceError } from '@millrace/kernel';
import { LRUCache } from 'lru-cache';
import { SchemaUnknown } from '../../errors.ts';
import type { RegisteredSchema, SchemaRegistry } from '../../registry/schema-registry.ts';
import { PREFIX_BYTES, schemaIdOf } from '../../registry/wire-format.ts';
import type { KeyReader, MessageReader, RowEvent } from './message-reader.ts';

/** Compiled schemas kept; a topic has as many as its table has had shapes. */
const SCHEMAS_MAX = 1_000;

/** Makes a row of what follows the prefix. */
type Decode = (bytes: Buffer) => DeclaredRow;

/** Why messages of a schema cannot be read, said when one comes: not all of a fetch may be handed on. */
type Schema = { readonly decode: Decode } | { readonly refusal: string };

interface RegisteredOptions {
  readonly format: 'avro' | 'json-schema';
  readonly part: 'key' | 'value';
  readonly columns: readonly Column[];
  readonly registry: SchemaRegistry;
  /** `latest`: by the rules of Avro to the newest version of the topic's subject. */
  readonly resolve: 'declared' | 'latest';
}

/** Rows of messages that begin with the id of their schema. */
export class RegisteredMessages implements MessageReader, KeyReader {
  readonly #options: RegisteredOptions;
  /** By topic and id. */
  readonly #schemas = new LRUCache<string, Schema>({ max: SCHEMAS_MAX });

  constructor(options: RegisteredOptions) {
    this.#options = options;
  }

  async prepare(topic: string, messages: readonly Buffer[]): Promise<void> {
    for (const id of new Set(messages.map(schemaIdOf))) {
      if (id === undefined || this.#schemas.has(`${topic}/${id}`)) continue;
      this.#schemas.set(`${topic}/${id}`, await this.#schema(topic, id));
    }
  }

  event(topic: string, value: Buffer): RowEvent {
    return { row: this.row(topic, value), isDelete: false };
  }

  row(topic: string, message: Buffer): DeclaredRow {
    const id = schemaIdOf(message);
    if (id === undefined) throw new NotAValue('it does not begin with the id of a schema');
    const schema = this.#schemas.get(`${topic}/${id}`);
    assert(schema !== undefined, 'messages are read after their schemas were fetched');
    if ('refusal' in schema) throw new NotAValue(schema.refusal);
    return schema.decode(message.subarray(PREFIX_BYTES));
  }

  async #schema(topic: string, id: number): Promise<Schema> {
    try {
      return await this.#found(topic, id);
    } catch (error) {
      const isOfTheMessage =
        error instanceof MillraceError && (error.code === SchemaUnknown || error.code === AvroSchemaInvalid);
      if (!isOfTheMessage) throw error;
      return { refusal: `its schema ${id}: ${error.message}` };
    }
  }

  async #found(topic: string, id: number): Promise<Schema> {
    const { format, part, columns, registry, resolve } = this.#options;
    const written = await registry.schema(id);
    const type = format === 'avro' ? 'AVRO' : 'JSON';
    if (written.type !== type) return { refusal: `its schema ${id} is ${written.type} and not ${type}` };
    if (format === 'json-schema') return { decode: (bytes) => declaredRowOfJson(columns, bytes.toString()) };
    // Asked for anew with each schema that is new: the newest is then at least as new.
    const newest = resolve === 'latest' ? await registry.latest(`${topic}-${part}`) : undefined;
    return { decode: avroDecode(columns, newest ?? written, written) };
  }
}

function avroDecode(columns: readonly Column[], reader: RegisteredSchema, writer: RegisteredSchema): Decode {
  const rows = new DeclaredAvroRows(new AvroReader(reader.text, writer.text), columns);
  return (bytes) => rows.row(bytes);
}
