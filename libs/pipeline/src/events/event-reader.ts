import {
  type ChangeBatch,
  FLAG_LOADING,
  NO_TRANSACTION,
  NO_TUPLE,
  type TableSchema,
  TupleCursor,
  UNCHANGED_LENGTH,
} from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { decodeText, parseSqlType, type SqlType, type SqlValue } from '@millrace/sql';
import { ValueUnchanged } from './event-errors.ts';
import { type Image, replicaIdentityFull, type SlotSource } from './event-scope.ts';

// A byte order mark is data like any other character.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Below this many bytes a loop over the bytes is faster than a decoder. */
const ASCII_BYTES_MAX = 24;

function textAt(bytes: Uint8Array, start: number, length: number): string {
  if (length <= ASCII_BYTES_MAX) {
    let text = '';
    const end = start + length;
    let at = start;
    for (; at < end && bytes[at]! < 0x80; at++) text += String.fromCharCode(bytes[at]!);
    if (at === end) return text;
  }
  return decoder.decode(bytes.subarray(start, start + length));
}

type Decode = (bytes: Uint8Array, start: number, length: number) => SqlValue;

function decodeOf(type: SqlType): Decode {
  switch (type.name) {
    case 'int2':
    case 'int4':
      return (bytes, start, length) => {
        const isNegative = bytes[start] === 0x2d;
        let value = 0;
        for (let at = isNegative ? start + 1 : start; at < start + length; at++) value = value * 10 + bytes[at]! - 0x30;
        return isNegative ? -value : value;
      };
    case 'boolean':
      return (bytes, start) => bytes[start] === 0x74;
    case 'text':
    case 'varchar':
      return textAt;
    default:
      return (bytes, start, length) => decodeText(type, textAt(bytes, start, length));
  }
}

/**
 * Reads the values that expressions of one table's scope name, and only those, from raw tuples. `load` points it at an event,
 * `read` gives a slot's value.
 */
export class EventReader {
  readonly #schema: TableSchema;
  readonly #reads: ((slot: SlotSource) => SqlValue)[] = [];
  readonly #slots: readonly SlotSource[];
  readonly #after = new TupleCursor();
  readonly #before = new TupleCursor();
  #batch!: ChangeBatch;
  #index = 0;
  #hasAfter = false;
  #hasBefore = false;

  /** `slots`: what the expressions name, once all of them have been compiled. */
  constructor(schema: TableSchema, slots: readonly SlotSource[]) {
    this.#schema = schema;
    this.#slots = slots;
    for (const slot of slots) this.#reads.push(this.#readerOf(slot));
  }

  load(batch: ChangeBatch, index: number): void {
    this.#batch = batch;
    this.#index = index;
    const after = batch.after[index]!;
    const before = batch.before[index]!;
    this.#hasAfter = after !== NO_TUPLE;
    this.#hasBefore = before !== NO_TUPLE;
    if (this.#hasAfter) this.#after.read(batch.bytes, after);
    if (this.#hasBefore) this.#before.read(batch.bytes, before);
  }

  /** @throws MillraceError `pipeline.value_not_resent` */
  readonly read = (slot: number): SqlValue => this.#reads[slot]!(this.#slots[slot]!);

  #readerOf(slot: SlotSource): () => SqlValue {
    if (slot.of !== 'event') return this.#columnReader(slot.of, slot.column);
    const { schema, table } = this.#schema;
    switch (slot.field) {
      case 'op':
        return () => String.fromCharCode(this.#batch.op[this.#index]!);
      case 'schema':
        return () => schema;
      case 'table':
        return () => table;
      case 'loading':
        return () => (this.#batch.flags[this.#index]! & FLAG_LOADING) !== 0;
      case 'time':
        return () => {
          const transaction = this.#batch.transactionOf[this.#index]!;
          return transaction === NO_TRANSACTION ? null : this.#batch.transactions[transaction]!.commitTimeUs;
        };
    }
  }

  #columnReader(image: Image, column: TableSchema['columns'][number]): () => SqlValue {
    const { field, key } = column;
    const decode = decodeOf(parseSqlType(column.sqlType));
    const value = (cursor: TupleCursor): SqlValue => {
      const length = cursor.lengths[field]!;
      if (length >= 0) return decode(this.#batch.bytes, cursor.starts[field]!, length);
      if (length === UNCHANGED_LENGTH) throw this.#notResent(column.name);
      return null;
    };
    if (image === 'after') return () => (this.#hasAfter ? value(this.#after) : null);
    // Without an old tuple the key is what it was.
    return () => (this.#hasBefore ? value(this.#before) : key && this.#hasAfter ? value(this.#after) : null);
  }

  #notResent(column: string): MillraceError {
    const { id } = this.#schema;
    return new MillraceError(ValueUnchanged, {
      message: `the large value of ${id}.${column} did not change, so PostgreSQL did not send it with this event`,
      mend: `Let PostgreSQL send whole rows: ${replicaIdentityFull(this.#schema)}`,
      details: { table: id, column },
    });
  }
}
