import {
  ByteOutput,
  type ChangeBatch,
  DebeziumJsonWriter,
  eventMetadata,
  NO_TRANSACTION,
  NO_TUPLE,
  Op,
  RowJsonWriter,
  type TableSchema,
} from '@millrace/formats';
import type { SinkStage } from '../config.ts';
import { type EncodedHeaders, NO_HEADERS } from '../protocol/record-batch.ts';
import { putVarint, varintLength } from '../protocol/varint.ts';

const USUAL_BYTES = 65_536;
const LINE_FEED = 0x0a;

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
  readonly #keyOutput = new ByteOutput(USUAL_BYTES);
  readonly #valueOutput = new ByteOutput(USUAL_BYTES);
  readonly #keys: RowJsonWriter;
  readonly #rows: RowJsonWriter;
  readonly #envelopes: DebeziumJsonWriter;
  readonly #tables = new WeakMap<TableSchema, { readonly hasKey: boolean; readonly id: Uint8Array }>();

  constructor(stage: SinkStage, jobName: string) {
    this.#stage = stage;
    this.#keys = new RowJsonWriter(this.#keyOutput, stage.key);
    this.#rows = new RowJsonWriter(this.#valueOutput);
    this.#envelopes = new DebeziumJsonWriter({
      name: jobName,
      db: stage.database,
      json: stage.json,
      outputBytes: USUAL_BYTES,
    });
  }

  /**
   * The messages of one event, one after the other, to `take`: none of a truncate in format json, two of a delete that is followed by
   * its tombstone.
   */
  write(batch: ChangeBatch, index: number, take: (message: Message) => void): void {
    const isRow = this.#stage.format === 'json';
    const op = batch.op[index]!;
    if (isRow && op === Op.Truncate) return;
    const { hasKey, id } = this.#table(batch.schemas[batch.schemaOf[index]!]!);
    const key = hasKey && this.#hasTuple(batch, index) ? this.#key(batch, index) : undefined;
    const isDelete = op === Op.Delete;
    const value = isRow ? (isDelete ? undefined : this.#row(batch, index)) : this.#envelope(batch, index);
    const headers = this.#stage.headers ? encodedHeaders(batch, index) : NO_HEADERS;
    const message = { timeMs: timeMsOf(batch, index), placedBy: key ?? id, key, value, headers };
    take(message);
    if (isDelete && value !== undefined && key !== undefined && this.#stage.tombstones)
      take({ ...message, value: undefined });
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

  #hasTuple(batch: ChangeBatch, index: number): boolean {
    return batch.after[index] !== NO_TUPLE || batch.before[index] !== NO_TUPLE;
  }

  #key(batch: ChangeBatch, index: number): Uint8Array {
    this.#keyOutput.clear();
    this.#keys.key(batch, index);
    return this.#keyOutput.bytes;
  }

  #row(batch: ChangeBatch, index: number): Uint8Array {
    this.#valueOutput.clear();
    this.#rows.row(batch, index);
    return this.#valueOutput.bytes;
  }

  #envelope(batch: ChangeBatch, index: number): Uint8Array {
    this.#envelopes.clear();
    this.#envelopes.write(batch, index, index + 1);
    const { bytes } = this.#envelopes;
    return bytes[bytes.length - 1] === LINE_FEED ? bytes.subarray(0, -1) : bytes;
  }
}

function timeMsOf(batch: ChangeBatch, index: number): number {
  const transaction = batch.transactionOf[index]!;
  return transaction === NO_TRANSACTION
    ? batch.receivedMs
    : Number(batch.transactions[transaction]!.commitTimeUs / 1_000n);
}

function encodedHeaders(batch: ChangeBatch, index: number): EncodedHeaders {
  const { __op, __table, __lsn, __index, __commit_time } = eventMetadata(batch, index);
  const headers: [name: string, value: string][] = [
    ['op', __op],
    ['table', __table],
  ];
  if (__lsn !== null) headers.push(['position', `${__lsn}/${__index}`], ['commit-time', __commit_time!]);
  const parts = headers.flat().map((text) => Buffer.from(text));
  const size = parts.reduce((sum, { length }) => sum + varintLength(length) + length, varintLength(headers.length));
  const bytes = new Uint8Array(size);
  let at = putVarint(bytes, 0, headers.length);
  for (const part of parts) {
    at = putVarint(bytes, at, part.length);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
