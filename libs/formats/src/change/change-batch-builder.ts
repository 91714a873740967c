import { BATCH_ROWS_MAX } from '@millrace/engine';
import { assert } from '@millrace/kernel';
import { type ChangeBatch, NO_TRANSACTION, type SourceTransaction } from './change-batch.ts';
import type { TableSchema } from './table-schema.ts';

/** A batch is handed on when its tuples reach this size, even with few rows. */
export const BATCH_BYTES_TARGET = 262_144;

const BYTES_START = 65_536;
/** One row can be far larger than a batch; the next batch does not start with its room. */
const BYTES_START_MAX = 2 * BATCH_BYTES_TARGET;

/** A batch that fills less than one of this many parts of the arrays is copied out of them. */
const SPARSE_PARTS = 4;

/** The next batch is probably like the last: it starts with the room that needed, and a little more. */
const bytesToStartWith = (used: number): number => Math.min(BYTES_START_MAX, Math.max(BYTES_START, used + (used >> 3)));

/**
 * Collects change events into a batch. Tuples are copied to `bytes` at `used` (after `reserve`), then the event is added.
 * `build` gives the batch away and starts afresh.
 */
export class ChangeBatchBuilder {
  bytes = new Uint8Array(BYTES_START);
  used = 0;
  length = 0;
  readonly #rowsMax: number;
  #op!: Uint8Array;
  #flags!: Uint8Array;
  #schemaOf!: Uint16Array;
  #before!: Int32Array;
  #after!: Int32Array;
  #transactionOf!: Uint32Array;
  #indexInTransaction!: Uint32Array;
  #schemas: TableSchema[] = [];
  #lastSchema: TableSchema | undefined;
  #lastSchemaIndex = 0;
  #transactions: SourceTransaction[] = [];

  constructor(rowsMax = BATCH_ROWS_MAX) {
    this.#rowsMax = rowsMax;
    this.#allocate();
  }

  /** Neither events nor the end of a transaction are waiting. */
  get isEmpty(): boolean {
    return this.length === 0 && this.#transactions.length === 0;
  }

  /** Time to `build`: the rows or the bytes have reached their limit. */
  get isFull(): boolean {
    return (
      this.length >= this.#rowsMax || this.used >= BATCH_BYTES_TARGET || this.#transactions.length >= this.#rowsMax
    );
  }

  /** Makes room for `byteCount` more bytes at `used`. `bytes` may be another array afterwards. */
  reserve(byteCount: number): void {
    const needed = this.used + byteCount;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
  }

  /** Copies a tuple and returns its offset. */
  addTuple(source: Uint8Array, start: number, end: number): number {
    this.reserve(end - start);
    const at = this.used;
    this.bytes.set(source.subarray(start, end), at);
    this.used = at + end - start;
    return at;
  }

  /** Registers a source transaction and returns its index for `add`; only the newest can still be open. */
  transaction(info: SourceTransaction): number {
    this.#transactions.push(info);
    return this.#transactions.length - 1;
  }

  /** Marks the transaction with this index as complete. */
  completeTransaction(index: number): void {
    this.#transactions[index] = { ...this.#transactions[index]!, complete: true };
  }

  add(
    op: number,
    flags: number,
    schema: TableSchema,
    before: number,
    after: number,
    transaction: number,
    indexInTransaction: number,
  ): void {
    const at = this.length;
    assert(at < this.#rowsMax, 'a full batch builder takes no event');
    this.#op[at] = op;
    this.#flags[at] = flags;
    this.#schemaOf[at] = schema === this.#lastSchema ? this.#lastSchemaIndex : this.#schemaIndex(schema);
    this.#before[at] = before;
    this.#after[at] = after;
    this.#transactionOf[at] = transaction;
    this.#indexInTransaction[at] = transaction === NO_TRANSACTION ? 0 : indexInTransaction;
    this.length = at + 1;
  }

  /** Gives the events away as a batch and starts afresh. */
  build(receivedMs: number): ChangeBatch {
    // A batch with few events (a quiet stream has many of them) gets arrays of its size, and the builder keeps its own.
    const isSparse = this.length * SPARSE_PARTS <= this.#rowsMax;
    const give = <A extends Uint8Array | Uint16Array | Int32Array | Uint32Array>(array: A): A =>
      (isSparse ? array.slice(0, this.length) : array) as A;
    const batch: ChangeBatch = {
      kind: 'bytes',
      format: 'change',
      length: this.length,
      byteLength: this.used + this.length * 22,
      bytes: this.used * SPARSE_PARTS <= this.bytes.length ? this.bytes.slice(0, this.used) : this.bytes,
      op: give(this.#op),
      flags: give(this.#flags),
      schemaOf: give(this.#schemaOf),
      before: give(this.#before),
      after: give(this.#after),
      transactionOf: give(this.#transactionOf),
      indexInTransaction: give(this.#indexInTransaction),
      schemas: this.#schemas,
      transactions: this.#transactions,
      receivedMs,
    };
    if (batch.bytes === this.bytes) this.bytes = new Uint8Array(bytesToStartWith(this.used));
    if (!isSparse) this.#allocate();
    this.used = 0;
    this.length = 0;
    this.#schemas = [];
    this.#lastSchema = undefined;
    this.#transactions = [];
    return batch;
  }

  #allocate(): void {
    this.#op = new Uint8Array(this.#rowsMax);
    this.#flags = new Uint8Array(this.#rowsMax);
    this.#schemaOf = new Uint16Array(this.#rowsMax);
    this.#before = new Int32Array(this.#rowsMax);
    this.#after = new Int32Array(this.#rowsMax);
    this.#transactionOf = new Uint32Array(this.#rowsMax);
    this.#indexInTransaction = new Uint32Array(this.#rowsMax);
  }

  #schemaIndex(schema: TableSchema): number {
    let index = this.#schemas.indexOf(schema);
    if (index < 0) index = this.#schemas.push(schema) - 1;
    this.#lastSchema = schema;
    this.#lastSchemaIndex = index;
    return index;
  }
}
