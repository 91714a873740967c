import { assert } from '@millrace/kernel';
import { type ChangeBatch, NO_TRANSACTION, NO_TUPLE, type SourceTransaction } from '../change/change-batch.ts';
import { formatLsn } from '../change/position.ts';
import { beforeColumns } from '../change/rows.ts';
import type { Column, TableSchema } from '../change/table-schema.ts';
import { NULL, TupleCursor } from '../change/tuple.ts';
import type { ByteOutput } from './byte-output.ts';
import { ESCAPED_BYTES_MAX, escapedLength, putBytes } from './json-bytes.ts';
import { putRowValue, type RowValueForm, rowValueForm } from './row-value.ts';

/** From this length on a value's escaped length is counted instead of reserving the worst case. */
const WORST_CASE_VALUE_BYTES = 16_384;

/** Room for a constant and the punctuation around a value. */
const AROUND_VALUE_BYTES = 16;

const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const encoder = new TextEncoder();
const NULL_TEXT = encoder.encode('null');

interface PlannedColumn {
  readonly field: number;
  readonly form: RowValueForm;
  /** `"name":` */
  readonly name: Uint8Array;
}

interface RowPlan {
  readonly after: readonly PlannedColumn[];
  /** The columns a `before` tuple really holds. */
  readonly before: readonly PlannedColumn[];
  readonly key: readonly PlannedColumn[];
  readonly fieldCount: number;
}

const plannedColumn = (column: Column): PlannedColumn => ({
  field: column.field,
  form: rowValueForm(column.kind),
  name: encoder.encode(`${JSON.stringify(column.name)}:`),
});

/**
 * The place of an event as members of its row: op, table, LSN of the commit record, index in the transaction and commit time (ISO 8601,
 * microseconds). The last three are null for rows of the initial load.
 */
export function eventMetadata(batch: ChangeBatch, index: number): EventMetadata {
  const transactionIndex = batch.transactionOf[index]!;
  const texts =
    transactionIndex === NO_TRANSACTION ? undefined : transactionTexts(batch.transactions[transactionIndex]!);
  return {
    __op: String.fromCharCode(batch.op[index]!),
    __table: batch.schemas[batch.schemaOf[index]!]!.id,
    __lsn: texts === undefined ? null : texts.lsn,
    __index: texts === undefined ? null : batch.indexInTransaction[index]!,
    __commit_time: texts === undefined ? null : texts.commitTime,
  };
}

export interface EventMetadata {
  /** `r`, `c`, `u`, `d` or `t`. */
  readonly __op: string;
  /** `schema.table` */
  readonly __table: string;
  readonly __lsn: string | null;
  readonly __index: number | null;
  readonly __commit_time: string | null;
}

interface TransactionTexts {
  readonly lsn: string;
  readonly commitTime: string;
}

/** Making the texts costs more than the rest of a line. */
const textsOf = new WeakMap<SourceTransaction, TransactionTexts>();

function transactionTexts(transaction: SourceTransaction): TransactionTexts {
  let texts = textsOf.get(transaction);
  if (texts === undefined) {
    texts = { lsn: formatLsn(transaction.commitLsn), commitTime: isoTime(transaction.commitTimeUs) };
    textsOf.set(transaction, texts);
  }
  return texts;
}

/** Microseconds since 1970 in ISO 8601, such as `2024-01-01T00:00:00.123456Z`. */
function isoTime(timeUs: bigint): string {
  const micros = ((timeUs % 1_000n) + 1_000n) % 1_000n;
  const text = new Date(Number((timeUs - micros) / 1_000n)).toISOString();
  return `${text.slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

/**
 * One event's row as one JSON object, written from the tuple's bytes to `output`, for consumers that want rows and not envelopes
 * (`DebeziumJsonWriter` writes those).
 *
 * Values: integers, and bigints up to 2^53-1, as numbers; larger bigints, numeric and money as strings; floats as numbers, `NaN` and
 * infinities as strings; booleans; json and jsonb embedded; timestamps as ISO 8601 strings; bytea as base64; everything else as
 * PostgreSQL's text. NULL is null. An unchanged TOAST value is left out.
 *
 * It is not reentrant, and nothing separates the objects: the caller puts a line feed, or takes the bytes.
 */
export class RowJsonWriter {
  readonly #output: ByteOutput;
  readonly #keyColumns: readonly string[] | undefined;
  readonly #plans = new WeakMap<TableSchema, RowPlan>();
  readonly #cursor = new TupleCursor();

  /** @param keyColumns what `key` writes; by default each table's own key */
  constructor(output: ByteOutput, keyColumns?: readonly string[]) {
    this.#output = output;
    this.#keyColumns = keyColumns;
  }

  /**
   * The row after the change, or what is known of a deleted one; `{}` when there is neither (a truncate). `metadata` goes before the columns.
   */
  row(batch: ChangeBatch, index: number, metadata?: EventMetadata): void {
    const plan = this.#planOf(batch, index);
    const after = batch.after[index]!;
    const [offset, columns] = after === NO_TUPLE ? [batch.before[index]!, plan.before] : [after, plan.after];
    this.#object(batch.bytes, offset, columns, plan.fieldCount, metadata);
  }

  /** The row's key columns as an object; `{}` when the table has no key or the event no row. */
  key(batch: ChangeBatch, index: number): void {
    const plan = this.#planOf(batch, index);
    const after = batch.after[index]!;
    this.#object(batch.bytes, after === NO_TUPLE ? batch.before[index]! : after, plan.key, plan.fieldCount);
  }

  #planOf(batch: ChangeBatch, index: number): RowPlan {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    let plan = this.#plans.get(schema);
    if (plan === undefined) {
      plan = {
        after: schema.columns.map(plannedColumn),
        before: beforeColumns(schema).map(plannedColumn),
        key: this.#keyOf(schema).map(plannedColumn),
        fieldCount: schema.fieldCount,
      };
      this.#plans.set(schema, plan);
    }
    return plan;
  }

  #keyOf({ columns }: TableSchema): readonly Column[] {
    const names = this.#keyColumns;
    return columns.filter((column) => (names === undefined ? column.key : names.includes(column.name)));
  }

  #object(
    bytes: Uint8Array,
    offset: number,
    columns: readonly PlannedColumn[],
    fieldCount: number,
    metadata?: EventMetadata,
  ): void {
    const output = this.#output;
    const start = output.length;
    output.reserve(2);
    output.buffer[output.length++] = OPEN_BRACE;
    if (metadata !== undefined) output.put(encoder.encode(JSON.stringify(metadata).slice(1, -1)));
    if (offset !== NO_TUPLE) {
      const cursor = this.#cursor;
      cursor.read(bytes, offset);
      assert(
        cursor.fieldCount >= fieldCount,
        `a tuple has ${cursor.fieldCount} fields where its schema has ${fieldCount}`,
      );
      for (const column of columns) this.#member(bytes, column, output.length === start + 1);
    }
    output.reserve(1);
    output.buffer[output.length++] = CLOSE_BRACE;
  }

  #member(bytes: Uint8Array, { field, form, name }: PlannedColumn, isFirst: boolean): void {
    const length = this.#cursor.lengths[field]!;
    if (length < NULL) return; // unchanged
    const valueStart = this.#cursor.starts[field]!;
    const output = this.#output;
    output.reserve(name.length + AROUND_VALUE_BYTES + Math.max(0, valueBytesMax(bytes, valueStart, length)));
    if (!isFirst) output.buffer[output.length++] = COMMA;
    output.length = putBytes(output.buffer, output.length, name, 0, name.length);
    if (length === NULL) output.put(NULL_TEXT);
    else output.length = putRowValue(output.buffer, output.length, bytes, valueStart, valueStart + length, form);
  }
}

/** Upper bound of what a value takes; long ones are counted. */
function valueBytesMax(bytes: Uint8Array, start: number, length: number): number {
  if (length < WORST_CASE_VALUE_BYTES) return length * ESCAPED_BYTES_MAX;
  return escapedLength(bytes, start, start + length);
}
