import { describe, expect, it } from '@jest/globals';
import { type Lsn, NO_TUPLE, Op, type TableSchema } from '../index.ts';
import { ChangeBatchBuilder } from './change-batch-builder.ts';

const schema: TableSchema = {
  id: 's.t',
  schema: 's',
  table: 't',
  columns: [],
  fieldCount: 0,
  replicaIdentity: 'default',
};

/** Adds events whose tuples are the given bytes, all of one transaction. */
function add(builder: ChangeBatchBuilder, tuples: readonly Uint8Array[]): void {
  const transaction = builder.transaction({ commitLsn: 1n as Lsn, xid: 1, commitTimeUs: 0n, complete: true });
  for (const [index, tuple] of tuples.entries()) {
    builder.add(Op.Create, 0, schema, NO_TUPLE, builder.addTuple(tuple, 0, tuple.length), transaction, index);
  }
}

const tuplesOf = (count: number, size: number): Uint8Array[] =>
  Array.from({ length: count }, (_, at) => new Uint8Array(size).fill(at));

describe('ChangeBatchBuilder', () => {
  it.each([0, 1, 3, 255, 256, 257, 1_024])(
    'gives batches of %i events that own their arrays and are not touched by the next',
    (count) => {
      const builder = new ChangeBatchBuilder();
      add(builder, tuplesOf(count, 10));
      const batch = builder.build(5);
      add(
        builder,
        tuplesOf(1_024, 40).map((tuple) => tuple.fill(0xff)),
      );
      builder.build(6);
      expect([batch.length, batch.receivedMs, builder.isEmpty]).toEqual([count, 5, true]);
      for (const array of [
        batch.bytes,
        batch.op,
        batch.flags,
        batch.schemaOf,
        batch.before,
        batch.after,
        batch.transactionOf,
        batch.indexInTransaction,
      ]) {
        expect(array.buffer.byteLength).toBe(array.byteLength);
        expect(array.length).toBeGreaterThanOrEqual(count);
      }
      for (let at = 0; at < count; at++) {
        expect(batch.indexInTransaction[at]).toBe(at);
        expect(batch.bytes.subarray(batch.after[at]!, batch.after[at]! + 10)).toEqual(new Uint8Array(10).fill(at));
      }
    },
  );

  it('holds no more memory than a small batch needs, and forgets the room of a huge row', () => {
    const builder = new ChangeBatchBuilder();
    add(builder, tuplesOf(1, 100));
    const small = builder.build(0);
    expect(small.bytes.length + small.op.length + small.after.byteLength).toBeLessThan(200);
    add(builder, tuplesOf(1, 20_000_000));
    expect(builder.isFull).toBe(true);
    expect(builder.build(0).bytes.length).toBeGreaterThanOrEqual(20_000_000);
    expect(builder.bytes.length).toBeLessThan(1_048_576);
  });
});
