import type { Batch, ByteBatch } from '@millrace/engine';
import type { Lsn } from './position.ts';
import type { TableSchema } from './table-schema.ts';

/** What happened to the row: `r` read by the initial load, `c` created, `u` updated, `d` deleted, `t` table truncated. */
export const Op = { Read: 0x72, Create: 0x63, Update: 0x75, Delete: 0x64, Truncate: 0x74 } as const;

/** A tuple that is not there. */
export const NO_TUPLE = -1;

/** Flag of an event whose table's initial load was not finished when it was emitted. */
export const FLAG_LOADING = 1;

/**
 * Flag of both halves of an update that changed the key: a delete of the old key and, as the very next event of the same batch,
 * a create whose `before` is the old key. A sink that still has the old row takes the create's unchanged TOAST fields from it.
 */
export const FLAG_KEY_CHANGE = 2;

/** A source transaction that has events, or its end, in this batch. */
export interface SourceTransaction {
  /** LSN of the commit record. */
  readonly commitLsn: Lsn;
  /** Transaction id, 32 bits as in the stream. */
  readonly xid: number;
  /** Commit time, microseconds since 1970. */
  readonly commitTimeUs: bigint;
  /** No event of this transaction follows after this batch. */
  readonly complete: boolean;
}

/** `transactionOf` of an event that belongs to no source transaction: a row read by the initial load. */
export const NO_TRANSACTION = 0xffff_ffff;

/**
 * Change events as bytes with offsets: columns are decoded when somebody asks for them.
 *
 * A tuple in `bytes` has pgoutput's TupleData layout: Int16 number of fields, then for each field `n` (null), `u`
 * (unchanged TOAST) or `t` + Int32 length + the value in PostgreSQL's text format, big-endian.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 *
 * All typed arrays of events have at least `length` elements.
 *
 * Rules that sinks rely on:
 * - At most one transaction of a batch is not `complete`: the one still open at the batch's end. It is listed again in the next
 *   batch. `complete` comes also when all its events were filtered out: a stage that drops events keeps `transactions`, and an
 *   empty batch still travels. A sink that keeps transaction boundaries commits only while none is open.
 * - Events carry `FLAG_LOADING` while their table is being loaded (rows of the load itself too). They may stand anywhere, also
 *   inside another transaction; they may be older than events delivered before, and may come again after a restart: a sink
 *   must not skip them by position, and must not count them as progress.
 * - Without that flag positions only grow, the events of a transaction stand together, and after a restart replayed
 *   events are exactly the earlier ones, so a sink skips those at or below the position it has stored.
 */
export interface ChangeBatch extends ByteBatch {
  readonly kind: 'bytes';
  readonly format: 'change';
  readonly bytes: Uint8Array;
  /** One of `Op`. */
  readonly op: Uint8Array;
  readonly flags: Uint8Array;
  /** Index into `schemas`. */
  readonly schemaOf: Uint16Array;
  /** Offset of the tuple before the change, or `NO_TUPLE`. Key columns only unless the replica identity is full. */
  readonly before: Int32Array;
  /** Offset of the tuple after the change, or `NO_TUPLE`. */
  readonly after: Int32Array;
  /** Index into `transactions`, or `NO_TRANSACTION`. */
  readonly transactionOf: Uint32Array;
  /** Index within its source transaction; 0 for rows of the initial load. */
  readonly indexInTransaction: Uint32Array;
  readonly schemas: readonly TableSchema[];
  readonly transactions: readonly SourceTransaction[];
  /** When the source received or read the newest event, milliseconds since 1970. */
  readonly receivedMs: number;
}

export const isChangeBatch = (batch: Batch): batch is ChangeBatch =>
  batch.kind === 'bytes' && batch.format === 'change';
