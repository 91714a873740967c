import { describe, expect, it } from '@jest/globals';
import type { Batch, ByteBatch } from '../contract/batch.ts';
import { detach, markShared } from './transfer.ts';

interface TestBatch extends ByteBatch {
  readonly data: Uint8Array;
  readonly offsets: Uint32Array;
}

const batchOf = (data: Uint8Array, offsets: Uint32Array): TestBatch => ({
  kind: 'bytes',
  format: 'test',
  length: 1,
  byteLength: data.byteLength,
  data,
  offsets,
});

/** The very same buffers: `toEqual` cannot compare buffers of Node's own realm. */
function expectSame(actual: readonly ArrayBufferLike[], expected: readonly ArrayBufferLike[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, buffer] of expected.entries()) expect(Object.is(actual[index], buffer)).toBe(true);
}

describe('detach', () => {
  it('hands over buffers that are wholly owned', () => {
    const batch = batchOf(new Uint8Array(8), new Uint32Array(2));
    const { batch: detached, transfer } = detach(batch);
    expect(detached).toBe(batch);
    expectSame(transfer, [batch.data.buffer, batch.offsets.buffer]);
  });

  it('copies a view on a part of a buffer, so that the rest stays with its owner', () => {
    const pool = Buffer.from('abcdefghijkl');
    const numbers = new Uint32Array([1, 2, 3, 4]);
    const batch = batchOf(pool.subarray(2, 5), numbers.subarray(1, 3));
    const { batch: detached, transfer } = detach(batch);
    const { data, offsets } = detached as TestBatch;
    expect(Buffer.from(data).toString()).toBe('cde');
    expect([...offsets]).toEqual([2, 3]);
    expect(data.byteLength).toBe(data.buffer.byteLength);
    expectSame(transfer, [data.buffer, offsets.buffer]);
    expect(data.buffer).not.toBe(pool.buffer);
    expect(batch.data.byteLength).toBe(3);
  });

  it('never hands over a buffer that somebody else reads, not even in another batch', () => {
    const batch = batchOf(new Uint8Array(8), new Uint32Array(2));
    markShared(batch);
    expect(detach({ ...batch, length: 2 } as ByteBatch).transfer).toEqual([]);
  });

  it('hands over a buffer that two arrays look at only once', () => {
    const data = new Uint8Array(8);
    expectSame(detach(batchOf(data, new Uint32Array(data.buffer))).transfer, [data.buffer]);
  });

  it('hands the arrays of columns over, with offsets, null maps and times', () => {
    const batch: Batch = {
      kind: 'columns',
      length: 2,
      byteLength: 30,
      schema: {
        fields: [
          { name: 'id', type: 'int32' },
          { name: 'text', type: 'string' },
          { name: 'any', type: 'any' },
        ],
      },
      columns: [Int32Array.of(1, 2), { text: 'ab', offsets: Uint32Array.of(0, 1, 2) }, [{ a: 1 }, null]],
      nulls: [Uint8Array.of(0, 1), undefined, undefined],
      times: new Float64Array(4).subarray(0, 2),
    };
    const expected = structuredClone({ ...batch, times: Float64Array.of(0, 0) });
    const { batch: posted, transfer } = detach(batch);
    expect(structuredClone(posted, { transfer })).toEqual(expected);
    expect(transfer).toHaveLength(4);
    expect((batch.columns[0] as Int32Array).length).toBe(0);
    expect(batch.times?.length).toBe(2);
  });

  it('leaves shared columns with whoever else reads them', () => {
    const values = Int32Array.of(1, 2);
    const batch: Batch = {
      kind: 'columns',
      length: 2,
      byteLength: 8,
      schema: { fields: [{ name: 'id', type: 'int32' }] },
      columns: [values],
    };
    markShared(batch);
    expect(detach(batch).transfer).toEqual([]);
    expect(values.length).toBe(2);
  });
});
