import { PARTITION_COUNT, type Partitioner } from '@millrace/engine';
import { assert } from '@millrace/kernel';
import { type ChangeBatch, NO_TUPLE } from './change-batch.ts';
import type { Column, TableSchema } from './table-schema.ts';
import { TupleCursor, UNCHANGED_LENGTH } from './tuple.ts';

/** FNV-1a, 32 bits. http://www.isthe.com/chongo/tech/comp/fnv/ */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Hashed in place of a null, and after each value, so that ("a", "bc") and ("ab", "c") differ: bytes that UTF-8 never holds. */
const NULL_BYTE = 0xff;
const SEPARATOR_BYTE = 0xfe;

const POINT = 0x2e;
const ZERO = 0x30;
const MINUS = 0x2d;

/** Spreads FNV's low bits, which a modulus of short keys would not. MurmurHash3's finaliser, Austin Appleby, public domain. */
function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of a value's text; numbers that are equal in SQL but written differently (`1.0`, `1.00`, `-0`) hash alike. */
function hashValue(seed: number, bytes: Uint8Array, start: number, end: number, kind: Column['kind']): number {
  let hash = seed;
  let last = end;
  let first = start;
  if (kind === 'exact') {
    let point = start;
    while (point < end && bytes[point] !== POINT) point++;
    if (point < end) {
      while (bytes[last - 1] === ZERO) last--;
      if (bytes[last - 1] === POINT) last--;
    }
  } else if (kind === 'float' && end - start === 2 && bytes[start] === MINUS && bytes[start + 1] === ZERO) {
    first++;
  }
  for (let at = first; at < last; at++) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
  return hash;
}

/**
 * Partitions change events by the text of their key columns, so that all events of a key reach the same instance in order. The
 * two halves of a key change go each to the partition of its own key. Events without a key (no key columns, truncate)
 * go by the table's name; a truncate therefore reaches one instance only.
 * @param columns names of the key columns; by default each table's own key.
 */
export class KeyPartitioner implements Partitioner<ChangeBatch> {
  readonly #names: readonly string[] | undefined;
  readonly #keys = new WeakMap<TableSchema, readonly Column[]>();
  readonly #cursor = new TupleCursor();
  readonly #beforeCursor = new TupleCursor();

  constructor(columns?: readonly string[]) {
    this.#names = columns;
  }

  partitionOf(batch: ChangeBatch, index: number): number {
    return mixed(this.#hash(batch, index)) % PARTITION_COUNT;
  }

  #hash(batch: ChangeBatch, index: number): number {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const key = this.#keyOf(schema);
    const before = batch.before[index]!;
    const tuple = batch.after[index]! === NO_TUPLE ? before : batch.after[index]!;
    if (tuple === NO_TUPLE || key.length === 0) {
      const name = new TextEncoder().encode(schema.id);
      return hashValue(FNV_OFFSET, name, 0, name.length, 'text');
    }
    const cursor = this.#cursor;
    cursor.read(batch.bytes, tuple);
    let hash = FNV_OFFSET;
    for (const { field, kind, name } of key) {
      let from = cursor;
      if (cursor.lengths[field] === UNCHANGED_LENGTH && before !== NO_TUPLE) {
        // A key so long that it is stored out of line: PostgreSQL then sends the old key along.
        from = this.#beforeCursor;
        from.read(batch.bytes, before);
      }
      const length = from.lengths[field]!;
      assert(length !== UNCHANGED_LENGTH, `key column ${name} of ${schema.id} has no value to partition by`);
      const start = from.starts[field]!;
      hash =
        length < 0 ? Math.imul(hash ^ NULL_BYTE, FNV_PRIME) : hashValue(hash, batch.bytes, start, start + length, kind);
      hash = Math.imul(hash ^ SEPARATOR_BYTE, FNV_PRIME);
    }
    return hash;
  }

  #keyOf(schema: TableSchema): readonly Column[] {
    let key = this.#keys.get(schema);
    if (key === undefined) {
      const names = this.#names;
      key = schema.columns.filter((column) => (names === undefined ? column.key : names.includes(column.name)));
      assert(
        names === undefined || key.length === new Set(names).size,
        `table ${schema.id} lacks one of the key columns ${names?.join(', ')}`,
      );
      this.#keys.set(schema, key);
    }
    return key;
  }

  /** Copies the tuples of these events; `schemas` and `transactions` stay whole, so the ends of transactions reach everybody. */
  take(batch: ChangeBatch, indexes: readonly number[]): ChangeBatch {
    const length = indexes.length;
    const cursor = this.#cursor;
    const sizeAt = (offset: number): number => {
      if (offset === NO_TUPLE) return 0;
      cursor.read(batch.bytes, offset);
      return cursor.end - offset;
    };
    let byteCount = 0;
    for (const index of indexes) byteCount += sizeAt(batch.before[index]!) + sizeAt(batch.after[index]!);
    const bytes = new Uint8Array(byteCount);
    let used = 0;
    const copy = (offset: number): number => {
      const size = sizeAt(offset);
      if (size === 0) return NO_TUPLE;
      bytes.set(batch.bytes.subarray(offset, offset + size), used);
      used += size;
      return used - size;
    };
    return {
      ...batch,
      length,
      byteLength: byteCount + length * EVENT_BYTES,
      bytes,
      op: Uint8Array.from(indexes, (index) => batch.op[index]!),
      flags: Uint8Array.from(indexes, (index) => batch.flags[index]!),
      schemaOf: Uint16Array.from(indexes, (index) => batch.schemaOf[index]!),
      before: Int32Array.from(indexes, (index) => copy(batch.before[index]!)),
      after: Int32Array.from(indexes, (index) => copy(batch.after[index]!)),
      transactionOf: Uint32Array.from(indexes, (index) => batch.transactionOf[index]!),
      indexInTransaction: Uint32Array.from(indexes, (index) => batch.indexInTransaction[index]!),
    };
  }
}

/** Bytes of an event outside its tuples: the elements of the typed arrays. */
const EVENT_BYTES = 22;
