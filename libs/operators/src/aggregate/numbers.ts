import type { AggregateOperation1 } from '../contract/aggregate-operation.ts';

/** Number of rows. */
export function counting<Row = unknown>(): AggregateOperation1<Row, number, number> {
  return {
    create: () => 0,
    accumulate: [(count) => count + 1],
    combine: (left, right) => left + right,
    deduct: (left, right) => left - right,
    finish: (count) => count,
    columns: { primitives: [{ input: 0, primitive: { kind: 'count' } }] },
  };
}

/** Sum of numbers; exact while it stays an integer within 2^53, as JavaScript's numbers are. */
export function summing<Row>(of: (row: Row) => number): AggregateOperation1<Row, number, number> {
  return {
    create: () => 0,
    accumulate: [(sum, row) => sum + of(row)],
    combine: (left, right) => left + right,
    deduct: (left, right) => left - right,
    finish: (sum) => sum,
    columns: { primitives: [{ input: 0, primitive: { kind: 'sum', of } }] },
  };
}

/** Exact sum of integers of any size. */
export function summingBig<Row>(of: (row: Row) => bigint): AggregateOperation1<Row, bigint, bigint> {
  return {
    create: () => 0n,
    accumulate: [(sum, row) => sum + of(row)],
    combine: (left, right) => left + right,
    deduct: (left, right) => left - right,
    finish: (sum) => sum,
  };
}

export interface Mean {
  readonly sum: number;
  readonly count: number;
}

/** Mean of numbers; `NaN` of none. */
export function averaging<Row>(of: (row: Row) => number): AggregateOperation1<Row, Mean, number> {
  return {
    create: () => ({ sum: 0, count: 0 }),
    accumulate: [({ sum, count }, row) => ({ sum: sum + of(row), count: count + 1 })],
    combine: (left, right) => ({ sum: left.sum + right.sum, count: left.count + right.count }),
    deduct: (left, right) => ({ sum: left.sum - right.sum, count: left.count - right.count }),
    finish: ({ sum, count }) => sum / count,
    columns: { primitives: [{ input: 0, primitive: { kind: 'average', of } }] },
  };
}

/** Least number; `undefined` of none. */
export function minOf<Row>(of: (row: Row) => number): AggregateOperation1<Row, number, number | undefined> {
  return {
    create: () => Number.POSITIVE_INFINITY,
    accumulate: [(least, row) => Math.min(least, of(row))],
    combine: (left, right) => Math.min(left, right),
    finish: (least) => (least === Number.POSITIVE_INFINITY ? undefined : least),
    columns: { primitives: [{ input: 0, primitive: { kind: 'min', of } }] },
  };
}

/** Greatest number; `undefined` of none. */
export function maxOf<Row>(of: (row: Row) => number): AggregateOperation1<Row, number, number | undefined> {
  return {
    create: () => Number.NEGATIVE_INFINITY,
    accumulate: [(greatest, row) => Math.max(greatest, of(row))],
    combine: (left, right) => Math.max(left, right),
    finish: (greatest) => (greatest === Number.NEGATIVE_INFINITY ? undefined : greatest),
    columns: { primitives: [{ input: 0, primitive: { kind: 'max', of } }] },
  };
}
