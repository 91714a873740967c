import type { AggregateOperation1 } from '../contract/aggregate-operation.ts';

/** As of `Array.prototype.sort`: negative when `a` comes first. */
export type Compare<Row> = (a: Row, b: Row) => number;

export interface Extreme<Row> {
  readonly row?: Row;
}

function extreme<Row>(wins: (row: Row, over: Row) => boolean): AggregateOperation1<Row, Extreme<Row>, Row | undefined> {
  const better = (kept: Extreme<Row>, other: Extreme<Row>): Extreme<Row> => {
    if (!('row' in other)) return kept;
    return 'row' in kept && !wins(other.row as Row, kept.row as Row) ? kept : other;
  };
  return {
    create: () => ({}),
    accumulate: [(kept, row) => better(kept, { row })],
    combine: better,
    finish: ({ row }) => row,
  };
}

/** The row that comes first in this order; of equal ones the first that came; `undefined` of none. */
export const minBy = <Row>(compare: Compare<Row>): AggregateOperation1<Row, Extreme<Row>, Row | undefined> =>
  extreme((row, over) => compare(row, over) < 0);

/** The row that comes last in this order; of equal ones the first that came; `undefined` of none. */
export const maxBy = <Row>(compare: Compare<Row>): AggregateOperation1<Row, Extreme<Row>, Row | undefined> =>
  extreme((row, over) => compare(row, over) > 0);

/** The first `count` rows in this order, sorted. */
export function bottomN<Row>(count: number, compare: Compare<Row>): AggregateOperation1<Row, Row[], Row[]> {
  const insert = (rows: Row[], row: Row): Row[] => {
    if (rows.length === count && compare(row, rows[count - 1]!) >= 0) return rows;
    let at = rows.length;
    while (at > 0 && compare(row, rows[at - 1]!) < 0) at -= 1;
    rows.splice(at, 0, row);
    if (rows.length > count) rows.pop();
    return rows;
  };
  return {
    create: () => [],
    accumulate: [insert],
    combine: (left, right) => right.reduce(insert, left),
    finish: (rows) => [...rows],
  };
}

/** The last `count` rows in this order, the greatest one first. */
export const topN = <Row>(count: number, compare: Compare<Row>): AggregateOperation1<Row, Row[], Row[]> =>
  bottomN(count, (a, b) => compare(b, a));

/** All rows in this order; equal ones as they came. */
export function sorting<Row>(compare: Compare<Row>): AggregateOperation1<Row, Row[], Row[]> {
  return {
    create: () => [],
    accumulate: [
      (rows, row) => {
        rows.push(row);
        return rows;
      },
    ],
    combine: (left, right) => {
      for (const row of right) left.push(row);
      return left;
    },
    finish: (rows) => [...rows].sort(compare),
  };
}
