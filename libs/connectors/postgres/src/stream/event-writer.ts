import { BATCH_ROWS_MAX } from '@millrace/engine';
import {
  type ChangeBatch,
  ChangeBatchBuilder,
  FLAG_KEY_CHANGE,
  FLAG_LOADING,
  type Lsn,
  NO_TRANSACTION,
  NO_TUPLE,
  Op,
  type SourceTransaction,
  type TableSchema,
} from '@millrace/formats';
import type { HeldEvent, LoadOutput } from '../initial-load/contract.ts';

/** A key change is two events of one batch. */
const EVENTS_OF_A_CHANGE = 2;

/**
 * Writes events of stream and initial load into batches and keeps the batch's list of source transactions by the rules of
 * `ChangeBatch`: a transaction is listed when its first event comes, again in every further batch, and is complete in the last.
 */
export class EventWriter implements LoadOutput {
  readonly #builder = new ChangeBatchBuilder(BATCH_ROWS_MAX);
  /** The transaction the stream is in, once it has an event here; its index in the current batch, or -1. */
  #open: SourceTransaction | undefined;
  #openIndex = -1;
  #openWritten = false;
  /** Finished transactions whose kept events came late, by commit LSN, in the current batch. */
  readonly #late = new Map<Lsn, number>();

  /** There may be no room for another change. */
  get isFull(): boolean {
    return this.#builder.isFull || this.#builder.length > BATCH_ROWS_MAX - EVENTS_OF_A_CHANGE;
  }

  get isEmpty(): boolean {
    return this.#builder.isEmpty;
  }

  /** Rows in the batch being made. */
  get length(): number {
    return this.#builder.length;
  }

  get rowStart(): number {
    return this.#builder.used;
  }

  begin(transaction: SourceTransaction): void {
    this.#open = transaction;
    this.#openIndex = -1;
    this.#openWritten = false;
  }

  /** Ends the transaction; one without events leaves no trace. */
  commit(): void {
    if (this.#openWritten) this.#builder.completeTransaction(this.#openTransaction());
    this.#open = undefined;
  }

  /** Adds an event of the open transaction; the tuples are copied. */
  write(op: number, flags: number, schema: TableSchema, before: number, after: number, index: number): void {
    this.#builder.add(op, flags, schema, before, after, this.#openTransaction(), index);
  }

  /** Copies a tuple and returns its offset. `Buffer.copy`, because a view for each tuple would cost more than the copy. */
  tuple(bytes: Buffer, start: number, end: number): number {
    const builder = this.#builder;
    builder.reserve(end - start);
    const at = builder.used;
    builder.used = at + bytes.copy(builder.bytes, at, start, end);
    return at;
  }

  emit(event: HeldEvent): void {
    this.#emitHeld(event, FLAG_LOADING, this.#copy(event.before), this.#copy(event.after));
  }

  emitKeyChange(deleted: HeldEvent, created: HeldEvent): void {
    const before = this.#copy(deleted.before);
    this.#emitHeld(deleted, FLAG_LOADING | FLAG_KEY_CHANGE, before, NO_TUPLE);
    this.#emitHeld(created, FLAG_LOADING | FLAG_KEY_CHANGE, before, this.#copy(created.after));
  }

  reserveRow(bytesMax: number): Uint8Array {
    this.#builder.reserve(bytesMax);
    return this.#builder.bytes;
  }

  endRow(schema: TableSchema, end: number): void {
    const start = this.#builder.used;
    this.#builder.used = end;
    this.#builder.add(Op.Read, FLAG_LOADING, schema, NO_TUPLE, start, NO_TRANSACTION, 0);
  }

  /** Gives the batch away. */
  take(receivedMs: number): ChangeBatch {
    this.#late.clear();
    this.#openIndex = -1;
    return this.#builder.build(receivedMs);
  }

  #copy(tuple: Uint8Array | undefined): number {
    return tuple === undefined ? NO_TUPLE : this.#builder.addTuple(tuple, 0, tuple.length);
  }

  #emitHeld(event: HeldEvent, flags: number, before: number, after: number): void {
    const { commitLsn } = event.transaction;
    const transaction =
      commitLsn === this.#open?.commitLsn ? this.#openTransaction() : this.#lateTransaction(event.transaction);
    this.#builder.add(event.op, flags, event.schema, before, after, transaction, event.index);
  }

  #openTransaction(): number {
    if (this.#openIndex < 0) {
      this.#openIndex = this.#builder.transaction(this.#open!);
      this.#openWritten = true;
    }
    return this.#openIndex;
  }

  #lateTransaction(transaction: SourceTransaction): number {
    const listed = this.#late.get(transaction.commitLsn);
    if (listed !== undefined) return listed;
    const index = this.#builder.transaction({ ...transaction, complete: true });
    this.#late.set(transaction.commitLsn, index);
    return index;
  }
}
