import {
  type Column,
  type DeclaredRow,
  declaredRowOfJson,
  declaredRowOfObject,
  NotAValue,
  parseExact,
} from '@millrace/formats';
import type { KafkaRecord } from '@platformatic/kafka';
import type { KeyReader, MessageReader, RowEvent } from './message-reader.ts';
import { textOf } from './plain-reader.ts';

/** What Debezium, and we, write for a large value that was not resent. */
const UNAVAILABLE = '__debezium_unavailable_value';
const STRUCTURED = 'application/cloudevents+json';
const VERSION_HEADER = 'ce_specversion';
const TYPE_HEADER = 'ce_type';
const CONTENT_TYPE = 'content-type';

type Members = Readonly<Record<string, unknown>>;

function objectOf(text: string): Members {
  let value: unknown;
  try {
    value = parseExact(text);
  } catch {
    throw new NotAValue('it is not JSON');
  }
  return membersOf(value, 'it');
}

function membersOf(value: unknown, what: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NotAValue(`${what} is not an object`);
  return value as Members;
}

/** A truncate empties a table; rows of other partitions have no order with it. */
const truncated = (): NotAValue =>
  new NotAValue('it says that the table was truncated, and nothing says which rows of other partitions came before');

/** Keys that are JSON objects. */
export class JsonKeys implements KeyReader {
  readonly #columns: readonly Column[];

  /** @param columns those of the key */
  constructor(columns: readonly Column[]) {
    this.#columns = columns;
  }

  row(_topic: string, key: Buffer): DeclaredRow {
    return declaredRowOfJson(this.#columns, key.toString());
  }
}

/** Values that are JSON objects. */
export class JsonMessages implements MessageReader {
  readonly #columns: readonly Column[];

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
  }

  event(_topic: string, value: Buffer): RowEvent {
    return { row: declaredRowOfJson(this.#columns, value.toString()), isDelete: false };
  }
}

/** Debezium's envelopes in JSON, with or without their schema. */
export class DebeziumMessages implements MessageReader {
  readonly #columns: readonly Column[];
  readonly #keyColumns: readonly Column[];

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#keyColumns = columns.filter((column) => column.key);
  }

  event(_topic: string, value: Buffer): RowEvent | undefined {
    const object = objectOf(textOf(value, 'it'));
    const envelope = Object.hasOwn(object, 'payload') ? membersOf(object['payload'], 'its payload') : object;
    switch (envelope['op']) {
      case 'r':
      case 'c':
      case 'u':
        return { row: this.#row(this.#columns, envelope['after'], 'after'), isDelete: false };
      case 'd':
        if (this.#keyColumns.length === 0) throw new NotAValue('it is a delete, and the stage has no key');
        return { row: this.#row(this.#keyColumns, envelope['before'], 'before'), isDelete: true };
      case 't':
        throw truncated();
      case 'm':
        return undefined;
      default:
        throw new NotAValue('it is no envelope of Debezium: it has no op');
    }
  }

  #row(columns: readonly Column[], image: unknown, name: string): DeclaredRow {
    return declaredRowOfObject(columns, membersOf(image, `its ${name}`), UNAVAILABLE);
  }
}

/** CloudEvents 1.0 in structured or binary mode, whose data is a row in JSON. A type that ends with `.deleted` removes it. */
export class CloudEventMessages implements MessageReader {
  readonly #columns: readonly Column[];
  readonly #keyColumns: readonly Column[];

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#keyColumns = columns.filter((column) => column.key);
  }

  event(_topic: string, value: Buffer, record: KafkaRecord): RowEvent {
    const headers = new Map(record.headers.map(([name, text]) => [String(name).toLowerCase(), String(text)]));
    if (headers.get(CONTENT_TYPE)?.startsWith(STRUCTURED) === true) {
      const event = objectOf(textOf(value, 'it'));
      return this.#event(event['type'], event['data'], event['specversion']);
    }
    return this.#event(headers.get(TYPE_HEADER), objectOf(textOf(value, 'it')), headers.get(VERSION_HEADER));
  }

  #event(type: unknown, data: unknown, version: unknown): RowEvent {
    if (version !== '1.0' || typeof type !== 'string') throw new NotAValue('it is no event of CloudEvents 1.0');
    if (type.endsWith('.truncated')) throw truncated();
    const isDelete = type.endsWith('.deleted');
    if (isDelete && this.#keyColumns.length === 0) throw new NotAValue('it is a delete, and the stage has no key');
    const columns = isDelete ? this.#keyColumns : this.#columns;
    return { row: declaredRowOfObject(columns, membersOf(data, 'its data')), isDelete };
  }
}
