import { describe, expect, it } from '@jest/globals';
import type { ColumnSchema, ColumnValues } from '@millrace/engine';
import fc from 'fast-check';
import { RowLists } from './row-lists.ts';

const SLOTS = 8;
const slot = fc.integer({ min: 0, max: SLOTS - 1 });
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, Number.NaN, 2 ** 40));
/** Rows of a few forms, so that some have one in common and others have none. */
const row = fc.oneof(
  { weight: 4, arbitrary: fc.record({ id: fc.integer(), at: fc.integer(), isOpen: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ id: number, at: number, isOpen: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ id: fc.constant(null), at: number, isOpen: fc.constantFrom('yes', true) }) },
  { weight: 1, arbitrary: fc.record({ id: fc.string(), other: fc.bigInt() }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(1, 'text', undefined, [1], {}, new Date(0), new Map([[1, 2]])) },
);
const step = fc.oneof(
  { weight: 9, arbitrary: fc.record({ pushed: fc.array(fc.tuple(slot, row), { maxLength: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ cleared: fc.tuple(slot, slot) }) },
  { weight: 1, arbitrary: fc.constant({ cleared: [0, SLOTS - 1] as [number, number] }) },
);

const SCHEMA: ColumnSchema = {
  fields: [
    { name: 'id', type: 'int32' },
    { name: 'price', type: 'float64' },
    { name: 'isOpen', type: 'boolean' },
    { name: 'name', type: 'string' },
    { name: 'big', type: 'int64' },
    { name: '__proto__', type: 'any' },
  ],
};

function columnsOf(ids: readonly number[]): { readonly columns: readonly ColumnValues[]; readonly rows: unknown[] } {
  const names = ids.map((id) => `name ${id}`);
  const offsets = Uint32Array.from([0, ...names.map((_, at) => names.slice(0, at + 1).join('').length)]);
  const rows = ids.map((id, at) => ({
    id,
    price: id / 2,
    isOpen: id % 2 === 0,
    name: names[at],
    big: BigInt(id),
    ['__proto__']: [id],
  }));
  const columns = [
    Int32Array.from(ids),
    Float64Array.from(ids, (id) => id / 2),
    Uint8Array.from(ids, (id) => (id % 2 === 0 ? 1 : 0)),
    { text: names.join(''), offsets },
    BigInt64Array.from(ids, (id) => BigInt(id)),
    ids.map((id) => [id]),
  ];
  return { columns, rows };
}

describe('lists of rows', () => {
  it('give back what a Map of arrays would, whatever the rows are', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const lists = new RowLists(SLOTS);
        const model = new Map<number, unknown[]>();
        for (const each of steps) {
          if ('pushed' in each) {
            const slots = Int32Array.from(each.pushed, ([at]) => at);
            const rows = each.pushed.map(([, pushed]) => pushed);
            lists.push(slots, rows, 0, rows.length);
            for (const [at, pushed] of each.pushed) model.set(at, [...(model.get(at) ?? []), pushed]);
          } else {
            const [from, last] = each.cleared;
            lists.clear(from, last + 1);
            for (let at = from; at <= last; at++) model.delete(at);
          }
          for (let at = 0; at < SLOTS; at++) expect(lists.get(at)).toStrictEqual(model.get(at));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('take rows from columns, beyond one chunk, in order of arrival', () => {
    const ids = Array.from({ length: 10_000 }, (_, id) => id);
    const { columns, rows } = columnsOf(ids);
    const slots = Int32Array.from(ids, (id) => id % 7);
    const lists = new RowLists(7);
    lists.pushColumns(slots, SCHEMA, columns, 0, 5_000);
    lists.pushColumns(slots, SCHEMA, columns, 5_000, ids.length);
    for (let at = 0; at < 7; at++) expect(lists.get(at)).toStrictEqual(rows.filter((_, id) => id % 7 === at));
  });

  it('put rows from columns and rows that are objects into one list', () => {
    const { columns, rows } = columnsOf([1, 2, 3]);
    const slots = new Int32Array(3);
    const other = { id: 'x' };
    const lists = new RowLists(1);
    lists.push(slots, [{ id: 0 }], 0, 1);
    lists.pushColumns(slots, SCHEMA, columns, 0, 3);
    lists.append(0, [other, { id: 7 }]);
    expect(lists.get(0)).toStrictEqual([{ id: 0 }, ...rows, other, { id: 7 }]);
  });

  it('use their memory again once they are empty', () => {
    const { columns } = columnsOf(Array.from({ length: 9_000 }, (_, id) => id));
    const slots = Int32Array.from({ length: 9_000 }, (_, id) => id % 100);
    const lists = new RowLists(100);
    const sizes = new Set<number>();
    for (let round = 0; round < 4; round++) {
      lists.pushColumns(slots, SCHEMA, columns, 0, 9_000);
      sizes.add(lists.byteLength);
      lists.clear(0, 50);
      lists.clear(50, 100);
      expect(lists.get(99)).toBeUndefined();
    }
    expect(sizes.size).toBe(1);
  });

  it('keep their rows when there is room for more slots', () => {
    const lists = new RowLists(1);
    lists.append(0, [{ id: 1 }]);
    lists.grow(3);
    lists.append(2, [{ id: 2 }]);
    expect([0, 1, 2].map((at) => lists.get(at))).toStrictEqual([[{ id: 1 }], undefined, [{ id: 2 }]]);
  });
});
