import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { accumulate, makeColumns } from '../state/accumulate.ts';
import { type AnyAggregate, layoutOf } from '../state/accumulator-layout.ts';
import { AggregateOperations } from './aggregate-operations.ts';

const ops = AggregateOperations;

interface Row {
  readonly x: number;
  readonly y: number;
  readonly name: string;
}

const row: fc.Arbitrary<Row> = fc.record({
  x: fc.integer({ min: -20, max: 20 }),
  y: fc.integer({ min: -20, max: 20 }),
  name: fc.constantFrom('a', 'b', 'c'),
});

const x = (each: Row): number => each.x;
const byX = (a: Row, b: Row): number => a.x - b.x;
const total = (rows: readonly Row[]): number => rows.reduce((sum, each) => sum + each.x, 0);
const sortedByX = (rows: readonly Row[]): Row[] => [...rows].sort(byX);

function slope(rows: readonly Row[]): number {
  const n = rows.length;
  const mean = (of: (each: Row) => number): number => rows.reduce((sum, each) => sum + of(each), 0) / n;
  const [meanX, meanY] = [mean(x), mean((each) => each.y)];
  const spread = rows.reduce((sum, each) => sum + (each.x - meanX) ** 2, 0);
  return spread < 1e-9 ? Number.NaN : rows.reduce((sum, each) => sum + (each.x - meanX) * (each.y - meanY), 0) / spread;
}

/** Each operation and what a plain program makes of the rows. Results that depend on the order of arrival are compared in a fixed order. */
const cases: Record<string, { readonly op: AnyAggregate; readonly of: (rows: readonly Row[]) => unknown }> = {
  counting: { op: ops.counting<Row>(), of: (rows) => rows.length },
  summing: { op: ops.summing(x), of: total },
  summingBig: { op: ops.summingBig((each: Row) => BigInt(each.x) << 60n), of: (rows) => BigInt(total(rows)) << 60n },
  averaging: { op: ops.averaging(x), of: (rows) => total(rows) / rows.length },
  minOf: { op: ops.minOf(x), of: (rows) => sortedByX(rows)[0]?.x },
  maxOf: { op: ops.maxOf(x), of: (rows) => sortedByX(rows).at(-1)?.x },
  minBy: { op: ops.minBy(byX), of: (rows) => sortedByX(rows)[0] },
  maxBy: { op: ops.maxBy(byX), of: (rows) => rows.find((each) => each.x === sortedByX(rows).at(-1)!.x) },
  bottomN: { op: ops.bottomN(3, byX), of: (rows) => sortedByX(rows).slice(0, 3) },
  topN: { op: ops.topN(2, byX), of: (rows) => [...rows].sort((a, b) => b.x - a.x).slice(0, 2) },
  sorting: { op: ops.sorting(byX), of: sortedByX },
  linearTrend: { op: ops.linearTrend(x, (each: Row) => each.y), of: slope },
  toList: { op: ops.toList<Row>(), of: (rows) => [...rows] },
  toSet: {
    op: ops.mapping((each: Row) => each.name, ops.toSet<string>()),
    of: (rows) => new Set(rows.map((each) => each.name)),
  },
  toMap: {
    op: ops.toMap(
      (each: Row) => [each.name],
      x,
      (a, b) => a + b,
    ),
    of: (rows) => {
      const sums = new Map<string, number>();
      for (const each of rows) sums.set(each.name, (sums.get(each.name) ?? 0) + each.x);
      return new Map([...sums].map(([name, sum]) => [[name], sum]));
    },
  },
  groupingBy: {
    op: ops.groupingBy((each: Row) => each.name, ops.counting<Row>()),
    of: (rows) => {
      const counts = new Map<string, number>();
      for (const each of rows) counts.set(each.name, (counts.get(each.name) ?? 0) + 1);
      return counts;
    },
  },
  concatenating: {
    op: ops.mapping((each: Row) => each.name, ops.concatenating(',', '<', '>')),
    of: (rows) => `<${rows.map((each) => each.name).join(',')}>`,
  },
  pickAny: { op: ops.pickAny<Row>(), of: (rows) => rows[0] },
  'filtering counting': {
    op: ops.filtering((each: Row) => each.x > 0, ops.counting<Row>()),
    of: (rows) => rows.filter((each) => each.x > 0).length,
  },
  'filtering toList': {
    op: ops.filtering((each: Row) => each.x > 0, ops.toList<Row>()),
    of: (rows) => rows.filter((each) => each.x > 0),
  },
  flatMapping: {
    op: ops.flatMapping(
      (each: Row) => [each.x, each.y],
      ops.summing((n: number) => n),
    ),
    of: (rows) => rows.reduce((sum, each) => sum + each.x + each.y, 0),
  },
  finishing: {
    op: ops.finishing(ops.counting<Row>(), (count) => `${count} rows`),
    of: (rows) => `${rows.length} rows`,
  },
  reducing: { op: ops.reducing({ empty: 0, map: x, combine: (a, b) => a + b, deduct: (a, b) => a - b }), of: total },
  'allOf by name': {
    op: ops.allOf({ count: ops.counting<Row>(), mean: ops.averaging(x), last: ops.maxOf(x) }),
    of: (rows) => ({ count: rows.length, mean: total(rows) / rows.length, last: sortedByX(rows).at(-1)?.x }),
  },
  'allOf in order': { op: ops.allOf(ops.summing(x), ops.toList<Row>()), of: (rows) => [total(rows), [...rows]] },
  aggregateOperation: {
    op: ops.aggregateOperation({
      create: () => ({ longest: '' }),
      accumulate: (state, each: Row) => (each.name.length > state.longest.length ? { longest: each.name } : state),
      finish: ({ longest }) => longest.length,
    }),
    of: (rows) => Math.max(0, ...rows.map((each) => each.name.length)),
  },
};

const add = (op: AnyAggregate, rows: readonly Row[], start: unknown = op.create()): unknown =>
  rows.reduce((accumulator: unknown, each) => op.accumulate[0](accumulator, each), start);

/** Fractions are compared with room for rounding. */
function expectSame(actual: unknown, expected: unknown): void {
  if (typeof expected === 'number' && Number.isFinite(expected)) expect(actual).toBeCloseTo(expected, 6);
  else expect(actual).toEqual(expected);
}

describe.each(Object.entries(cases))('%s', (_name, { op, of }) => {
  it('gives what a plain program gives, and finishing changes nothing', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), fc.array(row, { maxLength: 4 }), (rows, more) => {
        const accumulator = add(op, rows);
        expectSame(op.finish(accumulator), of(rows));
        expectSame(op.finish(accumulator), of(rows));
        expectSame(op.finish(add(op, more, accumulator)), of([...rows, ...more]));
      }),
    );
  });

  it('survives structured clone', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), (rows) => {
        expectSame(op.finish(structuredClone(add(op, rows))), of(rows));
      }),
      { numRuns: 20 },
    );
  });

  it('combines parts to the whole, and deducts what it combined', () => {
    if (op.combine === undefined) return expect(op.deduct).toBeUndefined();
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), fc.array(row, { maxLength: 8 }), (left, right) => {
        const both = op.combine!(op.combine!(op.create(), add(op, left)), add(op, right));
        expectSame(op.finish(both), of([...left, ...right]));
        if (op.deduct === undefined || right.length === 0) return;
        expectSame(op.finish(op.deduct(both, add(op, left))), of(right));
      }),
    );
  });

  it('gives the same in columns, where it has a plan for them', () => {
    const layout = layoutOf(op, 1);
    if (op.columns === undefined) return expect(layout.columns[1]?.op).toBe('object');
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 10 }), (rows) => {
        const columns = makeColumns(layout, 1);
        const slots = new Int32Array(rows.length);
        layout.columns.forEach((spec, index) => {
          const values = rows.map((each) => (spec.of === undefined ? each : spec.of(each)));
          const isNumbers = spec.op !== 'list' && spec.op !== 'count';
          const typed = isNumbers ? Float64Array.from(values as number[]) : values;
          accumulate(layout, spec, columns[index]!, slots, typed, 0, rows.length, 0);
        });
        expectSame(layout.finish(columns, 0), of(rows));
      }),
    );
  });
});

it('a trend keeps its precision far from zero', () => {
  const op = ops.linearTrend(
    (t: number) => 1_700_000_000_000 + t,
    (t: number) => 5e9 + t * 3,
  );
  const left = [0, 1, 2].reduce((trend, t) => op.accumulate[0](trend, t), op.create());
  const right = [3, 4, 5].reduce((trend, t) => op.accumulate[0](trend, t), op.create());
  expect(op.finish(op.combine!(left, right))).toBeCloseTo(3, 9);
});
