import {
  type ChangeBatch,
  eventMetadata,
  NO_TRANSACTION,
  NO_TUPLE,
  Op,
  recordOf,
  type TableSchema,
} from '@millrace/formats';
import type { SinkStage } from '../config.ts';
import { CloudEvents } from '../message/cloud-events.ts';
import { hasEnvelope, keyFormatOf } from '../message/format-options.ts';
import { encodedHeaders, type Header } from '../message/headers.ts';
import { DebeziumEnvelopes, JsonKeys, JsonRows } from '../message/json-part.ts';
import type { PartWriter } from '../message/part-writer.ts';
import { PlainPart, plainKeyColumn, plainValueColumn } from '../message/plain-part.ts';
import { RegisteredPart } from '../message/registered-part.ts';
import { type EncodedHeaders, NO_HEADERS } from '../protocol/record-batch.ts';
import type { SchemaRegistry } from '../registry/schema-registry.ts';
import { headersOfRow } from './row-column.ts';

const NONE: readonly Header[] = [];

/** One message to be. Its arrays are valid until the next event is written. */
export interface Message {
  readonly timeMs: number;
  /** What its partition is chosen by; also the key, unless the table has none. */
  readonly placedBy: Uint8Array;
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array | undefined;
  readonly headers: EncodedHeaders;
}

/** Makes messages of change events. Not reentrant. */
export class MessageWriter {
  readonly #stage: SinkStage;
  readonly #keys: PartWriter;
  readonly #values: PartWriter | CloudEvents;
  readonly #hasEnvelope: boolean;
  readonly #hasOwnHeaders: boolean;
  readonly #tables = new WeakMap<TableSchema, { readonly hasKey: boolean; readonly id: Uint8Array }>();

  /** @param registryOf asked only by formats that need one */
  constructor(stage: SinkStage, jobName: string, registryOf: () => SchemaRegistry) {
    this.#stage = stage;
    this.#keys = keyWriter(stage, registryOf);
    this.#values = valueWriter(stage, jobName, registryOf);
    this.#hasEnvelope = hasEnvelope(stage.format);
    this.#hasOwnHeaders = stage.headers || stage.headerColumns.length > 0 || stage.headersColumn !== undefined;
  }

  /** Whether events of the table can be written; else `prepare` comes first. */
  isReady(table: TableSchema, topic: string): boolean {
    return this.#parts().every((part) => part.isReady?.(table, topic) ?? true);
  }

  /** Registers the schemas of the table's messages. @throws MillraceError */
  async prepare(table: TableSchema, topic: string): Promise<void> {
    for (const part of this.#parts()) await part.prepare?.(table, topic);
  }

  #parts(): readonly PartWriter[] {
    return this.#values instanceof CloudEvents ? [this.#keys] : [this.#keys, this.#values];
  }

  /**
   * The messages of one event, one after the other, to `take`: none of a truncate unless the format has envelopes, two of a delete that is followed by
   * its tombstone.
   */
  write(batch: ChangeBatch, index: number, take: (message: Message) => void): void {
    const op = batch.op[index]!;
    if (op === Op.Truncate && !this.#hasEnvelope) return;
    const { hasKey, id } = this.#table(batch.schemas[batch.schemaOf[index]!]!);
    const key = hasKey && hasTuple(batch, index) ? this.#keys.write(batch, index) : undefined;
    const { value, headers } = this.#content(batch, index, key);
    const own = this.#hasOwnHeaders ? this.#ownHeaders(batch, index) : NONE;
    const message = {
      timeMs: timeMsOf(batch, index),
      placedBy: key ?? id,
      key,
      value,
      headers: own === NONE && headers === NONE ? NO_HEADERS : encodedHeaders([...own, ...headers]),
    };
    take(message);
    if (op === Op.Delete && value !== undefined && key !== undefined && this.#stage.tombstones) {
      take({ ...message, value: undefined, headers: encodedHeaders(own) });
    }
  }

  #ownHeaders(batch: ChangeBatch, index: number): readonly Header[] {
    const { headers, headerColumns, headersColumn } = this.#stage;
    return [
      ...(headers ? eventHeaders(batch, index) : NONE),
      ...columnHeaders(batch, index, headerColumns),
      ...(headersColumn === undefined ? NONE : headersOfRow(batch, index, headersColumn)),
    ];
  }

  #content(
    batch: ChangeBatch,
    index: number,
    key: Uint8Array | undefined,
  ): { readonly value: Uint8Array | undefined; readonly headers: readonly Header[] } {
    const values = this.#values;
    if (!(values instanceof CloudEvents)) return { value: values.write(batch, index), headers: NONE };
    return values.event(batch, index, key === undefined ? undefined : Buffer.from(key).toString());
  }

  #table(schema: TableSchema): { readonly hasKey: boolean; readonly id: Uint8Array } {
    let table = this.#tables.get(schema);
    if (table === undefined) {
      const hasKey = this.#stage.key !== undefined || schema.columns.some((column) => column.key);
      table = { hasKey, id: new TextEncoder().encode(schema.id) };
      this.#tables.set(schema, table);
    }
    return table;
  }
}

function keyWriter(stage: SinkStage, registryOf: () => SchemaRegistry): PartWriter {
  const format = keyFormatOf(stage);
  switch (format) {
    case 'json':
      return new JsonKeys(stage.key);
    case 'plain':
      return new PlainPart('key', (table) => plainKeyColumn(table, stage.key));
    default:
      return new RegisteredPart(format, 'key', stage, registryOf());
  }
}

function valueWriter(stage: SinkStage, jobName: string, registryOf: () => SchemaRegistry): PartWriter | CloudEvents {
  const { format } = stage;
  switch (format) {
    case 'json':
      return new JsonRows('none');
    case 'debezium-json':
      return new DebeziumEnvelopes(stage, jobName);
    case 'cloudevents':
      return new CloudEvents(stage, jobName);
    case 'plain':
      return new PlainPart('value', (table) => plainValueColumn(table, stage.value, stage.key));
    default:
      return new RegisteredPart(format, 'value', stage, registryOf());
  }
}

const hasTuple = (batch: ChangeBatch, index: number): boolean =>
  batch.after[index] !== NO_TUPLE || batch.before[index] !== NO_TUPLE;

function timeMsOf(batch: ChangeBatch, index: number): number {
  const transaction = batch.transactionOf[index]!;
  return transaction === NO_TRANSACTION
    ? batch.receivedMs
    : Number(batch.transactions[transaction]!.commitTimeUs / 1_000n);
}

function eventHeaders(batch: ChangeBatch, index: number): readonly Header[] {
  const { __op, __table, __lsn, __index, __commit_time } = eventMetadata(batch, index);
  const headers: Header[] = [
    ['op', __op],
    ['table', __table],
  ];
  if (__lsn !== null) headers.push(['position', `${__lsn}/${__index}`], ['commit-time', __commit_time!]);
  return headers;
}

function columnHeaders(batch: ChangeBatch, index: number, columns: readonly string[]): readonly Header[] {
  if (columns.length === 0) return NONE;
  const { after, before } = recordOf(batch, index);
  const row = after ?? before ?? {};
  return columns.flatMap((name): readonly Header[] => {
    const text = row[name];
    return text === undefined || text === null ? [] : [[name, text]];
  });
}
