import { assert } from '@millrace/kernel';
import { type ChangeBatch, NO_TRANSACTION, NO_TUPLE, Op } from '../change/change-batch.ts';
import type { TableSchema } from '../change/table-schema.ts';
import { NULL, TupleCursor } from '../change/tuple.ts';
import {
  ESCAPED_BYTES_MAX,
  escapedLength,
  putBytes,
  putFloat,
  putInteger,
  putJson,
  putString,
  putTimestamp,
} from './json-bytes.ts';
import { type EnvelopeOptions, Form, type ImagePlan, planTable, type TablePlan } from './table-plan.ts';

/** `write` stops after the event that fills the output to this. */
export const JSON_OUTPUT_BYTES = 1_048_576;

/** From this length on a value's escaped length is counted instead of reserving the worst case. */
const WORST_CASE_VALUE_BYTES = 16_384;

/** The output is made larger than its limit by this, so that the last event usually fits. */
const OUTPUT_SLACK_BYTES = 65_536;

/** Room for an envelope's fixed text and numbers besides the planned texts. */
const ENVELOPE_BYTES = 512;

/** Room for a value that is a constant (`null`, `false`, the unchanged marker), per column. */
const CONSTANT_BYTES = 32;

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const BEFORE = ascii('{"before":');
const AFTER = ascii(',"after":');
const NULL_TEXT = ascii('null');
const TRUE_TEXT = ascii('true');
const FALSE_TEXT = ascii('false');
const EMPTY_OBJECT = ascii('{}');
const UNCHANGED_TEXT = ascii('"__debezium_unavailable_value"');
const TS_US = ascii(',"ts_us":');
const SNAPSHOT_TRUE = ascii(',"snapshot":"true"');
const SNAPSHOT_FALSE = ascii(',"snapshot":"false"');
const LSN = ascii(',"lsn":');
const TS_MS = ascii('},"transaction":null,"ts_ms":');
const OP = ascii(',"op":"');
const QUOTE = 0x22;
const CLOSE_BRACE = 0x7d;
const LINE_FEED = 0x0a;
const LETTER_T = 0x74;

const put = (out: Uint8Array, at: number, bytes: Uint8Array): number => putBytes(out, at, bytes, 0, bytes.length);

export interface DebeziumJsonOptions extends Partial<EnvelopeOptions> {
  readonly name: string;
  readonly db: string;
  /** Default `JSON_OUTPUT_BYTES`. */
  readonly outputBytes?: number;
}

/**
 * Change events as lines of JSON in Debezium's envelope (without schemas), written straight from the tuples' bytes.
 * https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
 *
 * Values: integers, bigint (all digits; parse them as BigInt) and floats as numbers, `NaN` and infinities as strings; numeric and money as
 * strings; booleans; json and jsonb as strings unless `json: 'inline'`; timestamps as ISO 8601 strings; everything else as
 * PostgreSQL's text. An unchanged TOAST value is `"__debezium_unavailable_value"`. Differences from Debezium's defaults: no
 * numbers of days or microseconds for dates and times, no base64; `source.lsn` is the LSN of the commit record; `before` has only the
 * columns that are known (the key, or all with replica identity full); rows of the initial load have `txId` and `lsn` null.
 *
 * One writer per processor instance: it is not reentrant.
 */
export class DebeziumJsonWriter {
  readonly #options: EnvelopeOptions;
  readonly #outputBytes: number;
  readonly #plans = new WeakMap<TableSchema, TablePlan>();
  readonly #cursor = new TupleCursor();
  #out: Uint8Array<ArrayBuffer>;
  #length = 0;
  /** Place of the newest `source` in the output: events of the same table and transaction have the same. */
  #sourceStart = 0;
  #sourceEnd = 0;

  constructor(options: DebeziumJsonOptions) {
    this.#options = { version: 'millrace', json: 'string', ...options };
    this.#outputBytes = options.outputBytes ?? JSON_OUTPUT_BYTES;
    this.#out = new Uint8Array(this.#outputBytes + OUTPUT_SLACK_BYTES);
  }

  /** Bytes written since the last `take` or `clear`. */
  get length(): number {
    return this.#length;
  }

  /** What was written; valid until the next call of any other method. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#out.subarray(0, this.#length);
  }

  /** Gives the bytes away and starts afresh. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes;
    this.#out = new Uint8Array(this.#outputBytes + OUTPUT_SLACK_BYTES);
    this.#length = 0;
    return taken;
  }

  /** Forgets the bytes and uses their room again. */
  clear(): void {
    // Room made for one giant row is given back.
    if (this.#out.length > 2 * (this.#outputBytes + OUTPUT_SLACK_BYTES)) this.take();
    this.#length = 0;
  }

  /**
   * Appends the batch's events from index `from` to before `to`, one line each, until the output is full.
   * @returns index of the first event that was not written; `to` when all were.
   */
  write(batch: ChangeBatch, from = 0, to = batch.length): number {
    const { schemaOf, transactionOf, schemas } = batch;
    let lastSchema = -1;
    let lastTransaction = -1;
    let lastIsRead = false;
    let plan: TablePlan | undefined;
    for (let index = from; index < to; index++) {
      if (this.#length >= this.#outputBytes) return index;
      const schema = schemaOf[index]!;
      if (schema !== lastSchema) plan = this.#planOf(schemas[schema]!);
      const transaction = transactionOf[index]!;
      const isRead = batch.op[index] === Op.Read;
      this.#event(
        batch,
        index,
        plan!,
        isRead === lastIsRead && schema === lastSchema && transaction === lastTransaction,
      );
      lastSchema = schema;
      lastTransaction = transaction;
      lastIsRead = isRead;
    }
    return to;
  }

  #planOf(schema: TableSchema): TablePlan {
    let plan = this.#plans.get(schema);
    if (plan === undefined) {
      plan = planTable(schema, this.#options);
      this.#plans.set(schema, plan);
    }
    return plan;
  }

  #event(batch: ChangeBatch, index: number, plan: TablePlan, isSameSource: boolean): void {
    const { bytes } = batch;
    const op = batch.op[index]!;
    this.#reserve(ENVELOPE_BYTES + plan.sourceHead.length + plan.sourceTable.length);
    this.#length = put(this.#out, this.#length, BEFORE);
    this.#image(bytes, batch.before[index]!, plan.before, plan.fieldCount);
    this.#length = put(this.#out, this.#length, AFTER);
    this.#image(bytes, batch.after[index]!, plan.after, plan.fieldCount);
    this.#reserve(ENVELOPE_BYTES + plan.sourceHead.length + plan.sourceTable.length);
    if (isSameSource) this.#repeatSource();
    else this.#source(batch, index, plan, op === Op.Read);
    const out = this.#out;
    const at = this.#length;
    out[at] = op;
    out[at + 1] = QUOTE;
    out[at + 2] = CLOSE_BRACE;
    out[at + 3] = LINE_FEED;
    this.#length = at + 4;
  }

  /** The newest `source` again, with the text after it up to the op. */
  #repeatSource(): void {
    const start = this.#length;
    this.#out.copyWithin(start, this.#sourceStart, this.#sourceEnd);
    this.#length = start + this.#sourceEnd - this.#sourceStart;
  }

  #source(batch: ChangeBatch, index: number, plan: TablePlan, isRead: boolean): void {
    const out = this.#out;
    const transactionIndex = batch.transactionOf[index]!;
    const transaction = transactionIndex === NO_TRANSACTION ? undefined : batch.transactions[transactionIndex]!;
    // Exact: 2^53 microseconds reach to the year 2255.
    const timeUs = transaction === undefined ? batch.receivedMs * 1_000 : Number(transaction.commitTimeUs);
    this.#sourceStart = this.#length;
    let at = put(out, this.#length, plan.sourceHead);
    at = putInteger(out, at, Math.floor(timeUs / 1_000));
    at = put(out, at, TS_US);
    at = putInteger(out, at, timeUs);
    at = put(out, at, isRead ? SNAPSHOT_TRUE : SNAPSHOT_FALSE);
    at = put(out, at, plan.sourceTable);
    at = transaction === undefined ? put(out, at, NULL_TEXT) : putInteger(out, at, transaction.xid);
    at = put(out, at, LSN);
    // Exact up to 8 PiB of write-ahead log; past that the last digits would be off, so they are written from the text.
    if (transaction === undefined) at = put(out, at, NULL_TEXT);
    else if (transaction.commitLsn <= Number.MAX_SAFE_INTEGER) at = putInteger(out, at, Number(transaction.commitLsn));
    else at = put(out, at, ascii(String(transaction.commitLsn)));
    at = put(out, at, TS_MS);
    at = putInteger(out, at, batch.receivedMs);
    at = put(out, at, OP);
    this.#sourceEnd = at;
    this.#length = at;
  }

  #image(bytes: Uint8Array, offset: number, plan: ImagePlan, fieldCount: number): void {
    const { fields, forms, prefixes, prefixEnds } = plan;
    const columnCount = fields.length;
    if (offset === NO_TUPLE || columnCount === 0) {
      this.#length = put(this.#out, this.#length, offset === NO_TUPLE ? NULL_TEXT : EMPTY_OBJECT);
      return;
    }
    const cursor = this.#cursor;
    cursor.read(bytes, offset);
    assert(
      cursor.fieldCount >= fieldCount,
      `a tuple has ${cursor.fieldCount} fields where its schema has ${fieldCount}`,
    );
    const { starts, lengths } = cursor;
    this.#reserve(ENVELOPE_BYTES + prefixes.length + columnCount * CONSTANT_BYTES + this.#valueBytesMax(bytes, fields));
    const out = this.#out;
    let at = this.#length;
    let prefixStart = 0;
    for (let column = 0; column < columnCount; column++) {
      const prefixEnd = prefixEnds[column]!;
      at = putBytes(out, at, prefixes, prefixStart, prefixEnd);
      prefixStart = prefixEnd;
      const field = fields[column]!;
      const length = lengths[field]!;
      const start = starts[field]!;
      if (length >= 0) at = putValue(out, at, bytes, start, start + length, forms[column]!);
      else if (length === NULL) at = put(out, at, NULL_TEXT);
      else at = put(out, at, UNCHANGED_TEXT);
    }
    out[at++] = CLOSE_BRACE;
    this.#length = at;
  }

  /** Upper bound of what the values of the tuple just read take (a projection may use a field more than once). */
  #valueBytesMax(bytes: Uint8Array, fields: Int32Array): number {
    const { starts, lengths } = this.#cursor;
    let sum = 0;
    for (let column = 0; column < fields.length; column++) {
      const field = fields[column]!;
      const length = lengths[field]!;
      if (length < 0) continue;
      const isLong = length >= WORST_CASE_VALUE_BYTES;
      sum += isLong ? escapedLength(bytes, starts[field]!, starts[field]! + length) : length * ESCAPED_BYTES_MAX;
    }
    return sum;
  }

  #reserve(byteCount: number): void {
    const needed = this.#length + byteCount;
    if (needed <= this.#out.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#out.length * 2));
    larger.set(this.#out.subarray(0, this.#length));
    this.#out = larger;
  }
}

function putValue(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number, form: number): number {
  switch (form) {
    case Form.Digits:
      return putBytes(out, at, bytes, start, end);
    case Form.Text:
      return putString(out, at, bytes, start, end);
    case Form.Boolean:
      return put(out, at, bytes[start] === LETTER_T ? TRUE_TEXT : FALSE_TEXT);
    case Form.Timestamp:
      return putTimestamp(out, at, bytes, start, end);
    case Form.Float:
      return putFloat(out, at, bytes, start, end);
    default:
      return putJson(out, at, bytes, start, end);
  }
}
