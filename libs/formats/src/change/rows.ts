import { type ChangeBatch, FLAG_KEY_CHANGE, FLAG_LOADING, NO_TRANSACTION, NO_TUPLE, Op } from './change-batch.ts';
import type { Position } from './position.ts';
import type { Column, TableSchema } from './table-schema.ts';
import { NULL, TupleCursor } from './tuple.ts';

/**
 * A large value that PostgreSQL did not resend because it did not change. It is not null. Structured clone keeps it recognisable
 * for `isUnchanged`, not identical: it is the only value of a row that is an object.
 */
export const UNCHANGED = Object.freeze({ unchanged: true } as const);

/**
 * A column's value without loss. `integer` and `float`: number; `bigint`: BigInt; `boolean`: boolean; all others (numeric, json, times,
 * bytea as `\x…`, arrays, …): PostgreSQL's text.
 */
export type Value = string | number | bigint | boolean | null | typeof UNCHANGED;

export const isUnchanged = (value: Value | undefined): value is typeof UNCHANGED =>
  typeof value === 'object' && value !== null;

/** Values by column name. The object has no prototype, so a column may have any name. */
export type Row = Readonly<Record<string, Value>>;

/** One row change with its metadata, as user code sees it. */
export interface ChangeEvent {
  /** `r` read by the initial load, `c` created, `u` updated, `d` deleted, `t` table truncated. */
  readonly op: 'r' | 'c' | 'u' | 'd' | 't';
  readonly schema: string;
  readonly table: string;
  /** What is known of the row before: the key columns, or all with replica identity full; null when nothing. */
  readonly before: Row | null;
  readonly after: Row | null;
  /** Absent for rows of the initial load. */
  readonly position: Position | undefined;
  readonly transaction: { readonly xid: number; readonly commitTimeUs: bigint } | undefined;
  /** The table's initial load was not finished. */
  readonly isLoading: boolean;
  /** Half of an update that changed the key. */
  readonly isKeyChange: boolean;
}

// A byte order mark is data like any other character.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function decodeValue(column: Column, bytes: Uint8Array, start: number, length: number): Value {
  const text = decoder.decode(bytes.subarray(start, start + length));
  switch (column.kind) {
    case 'integer':
    case 'float':
      return Number(text); // also of NaN, Infinity and -Infinity, which PostgreSQL spells as JavaScript does
    case 'bigint':
      return BigInt(text);
    case 'boolean':
      return text === 't';
    default:
      return text;
  }
}

function rowAt(cursor: TupleCursor, bytes: Uint8Array, offset: number, columns: readonly Column[]): Row | null {
  if (offset === NO_TUPLE) return null;
  cursor.read(bytes, offset);
  const row: Record<string, Value> = Object.create(null);
  for (const column of columns) {
    const length = cursor.lengths[column.field]!;
    row[column.name] =
      length >= 0
        ? decodeValue(column, bytes, cursor.starts[column.field]!, length)
        : length === NULL
          ? null
          : UNCHANGED;
  }
  return row;
}

/** The columns that a `before` tuple really holds; the others are null in it without being null in the table. */
export const beforeColumns = (schema: TableSchema): readonly Column[] =>
  schema.replicaIdentity === 'full' ? schema.columns : schema.columns.filter((column) => column.key);

/** Decodes a whole batch: for user code and tests, not for the paths that only copy. */
export function changeEvents(batch: ChangeBatch): ChangeEvent[] {
  const cursor = new TupleCursor();
  const known = batch.schemas.map(beforeColumns);
  return Array.from({ length: batch.length }, (_, index) => {
    const schemaIndex = batch.schemaOf[index]!;
    const schema = batch.schemas[schemaIndex]!;
    const transactionIndex = batch.transactionOf[index]!;
    const transaction = transactionIndex === NO_TRANSACTION ? undefined : batch.transactions[transactionIndex]!;
    const op = batch.op[index]!;
    return {
      op: String.fromCharCode(op) as ChangeEvent['op'],
      schema: schema.schema,
      table: schema.table,
      before: op === Op.Truncate ? null : rowAt(cursor, batch.bytes, batch.before[index]!, known[schemaIndex]!),
      after: op === Op.Truncate ? null : rowAt(cursor, batch.bytes, batch.after[index]!, schema.columns),
      position: transaction && { commitLsn: transaction.commitLsn, index: batch.indexInTransaction[index]! },
      transaction: transaction && { xid: transaction.xid, commitTimeUs: transaction.commitTimeUs },
      isLoading: (batch.flags[index]! & FLAG_LOADING) !== 0,
      isKeyChange: (batch.flags[index]! & FLAG_KEY_CHANGE) !== 0,
    };
  });
}
