import {
  batchOfRecords,
  type ChangeBatch,
  type EventRecord,
  FLAG_LOADING,
  KeyPartitioner,
  NO_TRANSACTION,
  recordOf,
} from '@millrace/formats';
import type { Operation } from '../config.ts';
import { entryBody } from '../stored-event.ts';
import type { Entry } from './backlog.ts';

const OPERATION_OF: Readonly<Record<string, Operation>> = {
  r: 'read',
  c: 'insert',
  u: 'update',
  d: 'delete',
  t: 'truncate',
};

/** Makes entries of change events: those of one key all go to one partition, in order. */
export class EntryMaker {
  readonly #operations: ReadonlySet<Operation>;
  readonly #partitions: number;
  readonly #partitioner = new KeyPartitioner();
  readonly #hasNoSnapshots: boolean;

  /** @param hasNoSnapshots nothing would ever show what waits for one */
  constructor(operations: readonly Operation[], partitions: number, hasNoSnapshots: boolean) {
    this.#operations = new Set(operations);
    this.#partitions = partitions;
    this.#hasNoSnapshots = hasNoSnapshots;
  }

  of(batch: ChangeBatch, index: number): Entry | undefined {
    const operation = OPERATION_OF[String.fromCharCode(batch.op[index]!)];
    if (operation === undefined || !this.#operations.has(operation)) return undefined;
    return {
      partition: this.#partitioner.partitionOf(batch, index) % this.#partitions,
      body: entryBody(recordOf(batch, index)),
      position: this.#positionOf(batch, index),
    };
  }

  /** Nobody can skip what has no position, or came out of the order of the log: such entries wait for a snapshot. */
  isSkippable(entry: Entry): boolean {
    return entry.position !== undefined || this.#hasNoSnapshots;
  }

  #positionOf(batch: ChangeBatch, index: number): Entry['position'] {
    const transaction = batch.transactionOf[index]!;
    if (transaction === NO_TRANSACTION || (batch.flags[index]! & FLAG_LOADING) !== 0) return undefined;
    return { commitLsn: batch.transactions[transaction]!.commitLsn, index: batch.indexInTransaction[index]! };
  }
}

const partitioner = new KeyPartitioner();

/** The partition of a change on its own: that of the others of its key. */
export const partitionOfRecord = (record: EventRecord, partitions: number): number =>
  partitioner.partitionOf(batchOfRecords([record], record.receivedMs), 0) % partitions;
