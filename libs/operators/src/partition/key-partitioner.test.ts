import { describe, expect, it } from '@jest/globals';
import { type Batch, type ColumnBatch, PARTITION_COUNT, type Partitioner, rowBatch } from '@millrace/engine';
import { plainRows } from '@millrace/testing';
import fc from 'fast-check';
import { columnPartitioner, keyPartitioner } from './key-partitioner.ts';

const TARGETS = 3;
const ownerOf = Uint16Array.from({ length: PARTITION_COUNT }, (_, partition) => partition % TARGETS);

const columns = (ids: readonly number[]): ColumnBatch => ({
  kind: 'columns',
  length: ids.length,
  byteLength: ids.length * 8,
  schema: {
    fields: [
      { name: 'id', type: 'int32' },
      { name: 'name', type: 'string' },
      { name: 'big', type: 'int64' },
      { name: 'any', type: 'any' },
    ],
  },
  columns: [
    Int32Array.from(ids),
    { text: ids.map((id) => `n${id}`).join(''), offsets: offsetsOf(ids.map((id) => `n${id}`)) },
    BigInt64Array.from(ids, (id) => BigInt(id) << 33n),
    ids.map((id) => ({ id })),
  ],
  nulls: [undefined, Uint8Array.from(ids, (id) => (id % 2 === 0 ? 1 : 0)), undefined, undefined],
  times: Float64Array.from(ids, (id) => id * 10),
});

function offsetsOf(texts: readonly string[]): Uint32Array {
  let at = 0;
  return Uint32Array.of(0, ...texts.map((text) => (at += text.length)));
}

/** What `split` gives must be what row by row gives. */
function expectSplit(partitioner: Partitioner, batch: Batch): void {
  const expected = Array.from({ length: TARGETS }, (_, target) =>
    Array.from({ length: batch.length }, (_, index) => index).filter(
      (index) => ownerOf[partitioner.partitionOf(batch, index)] === target,
    ),
  );
  const parts = partitioner.split!(batch, ownerOf, TARGETS);
  for (const [target, indexes] of expected.entries()) {
    const part = parts[target];
    expect(part === undefined ? [] : plainRows(part)).toEqual(indexes.map((index) => plainRows(batch)[index]));
    const { times } = (part ?? {}) as { readonly times?: Float64Array };
    if (part !== undefined)
      expect([...(times ?? [])]).toEqual(indexes.map((index) => (batch as ColumnBatch).times![index]));
  }
}

describe.each(['generated', 'interpreted'] as const)('a key partitioner, %s', (mode) => {
  it('splits rows and columns as it would row by row', () => {
    const partitioner = keyPartitioner((row: { id: number }) => row.id, mode);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 50 }), { minLength: 1, maxLength: 40 }), (ids) => {
        expectSplit(
          partitioner,
          rowBatch(
            ids.map((id) => ({ id })),
            undefined,
            Float64Array.from(ids),
          ),
        );
        expectSplit(partitioner, columns(ids));
        expectSplit(columnPartitioner(0), columns(ids));
        expectSplit(columnPartitioner(2), { ...columns(ids), columns: columns(ids).columns });
      }),
    );
  });
});
