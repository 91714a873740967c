import { describe, expect, it } from '@jest/globals';
import { type Batch, rowBatch } from '@millrace/engine';
import { derivedSchema, encodeRows } from '@millrace/formats';
import { checkSampleFilter, openSampler } from './open-sampler.ts';

const schema = derivedSchema('public', 'orders', [
  { name: 'id', kind: 'integer', sqlType: 'int4', key: true },
  { name: 'note', kind: 'text', sqlType: 'text', key: false },
]);

const events = (...rows: Record<string, unknown>[]): Batch => encodeRows(schema, rows, { receivedMs: 0 });

const three = events({ id: 1, note: 'one' }, { id: 2, note: 'x'.repeat(5_000) }, { id: 3, note: null });

describe('openSampler', () => {
  it('makes change events readable, as many as are wanted, with long texts cut', () => {
    const { rows, examined } = openSampler({})(three, 2);
    expect(examined).toBe(2);
    expect(rows[0]).toMatchObject({
      table: 'public.orders',
      key: { id: 1 },
      before: null,
      after: { id: 1, note: 'one' },
    });
    expect((rows[1] as { after: { note: string } }).after.note).toHaveLength(2_001);
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });

  it('filters them by an expression of the job language', () => {
    const sampler = openSampler({ filter: 'after.id > 1 AND note IS NULL' });
    const { rows, examined } = sampler(three, 5);
    expect(examined).toBe(3);
    expect(rows).toMatchObject([{ after: { id: 3 } }]);
    expect(() => openSampler({ filter: 'after.colour = 1' })(three, 1)).toThrow(/colour/);
  });

  it('tells a filter that nobody can read before there are rows', () => {
    expect(() => checkSampleFilter('after.id >')).toThrow(/after\.id >|syntax/);
    expect(() => checkSampleFilter('after.id > 1')).not.toThrow();
  });

  it('shows rows and columns as they are, and says that these cannot be filtered', () => {
    expect(openSampler({})(rowBatch([{ n: 1n, at: new Date(0) }, 2]), 1).rows).toEqual([
      { n: '1', at: '1970-01-01T00:00:00.000Z' },
    ]);
    const columns: Batch = {
      kind: 'columns',
      length: 2,
      byteLength: 1,
      schema: {
        fields: [
          { name: 'n', type: 'int32' },
          { name: 'text', type: 'string' },
          { name: 'is', type: 'boolean' },
        ],
      },
      columns: [Int32Array.of(7, 8), { text: 'ab', offsets: Uint32Array.of(0, 1, 2) }, Uint8Array.of(1, 0)],
      nulls: [undefined, Uint8Array.of(0, 1), undefined],
    };
    expect(openSampler({})(columns, 5).rows).toEqual([
      { n: 7, text: 'a', is: true },
      { n: 8, text: null, is: false },
    ]);
    expect(() => openSampler({ filter: 'true' })(columns, 1)).toThrow(/no change events/);
  });
});
