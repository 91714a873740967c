import type { AggregateOperation1 } from '../contract/aggregate-operation.ts';
import type { Key } from '../contract/key.ts';
import { canonicalKey } from '../partition/canonical-key.ts';

/** The rows, in order of arrival. */
export function toList<Row>(): AggregateOperation1<Row, Row[], Row[]> {
  return {
    create: () => [],
    accumulate: [
      (list, row) => {
        list.push(row);
        return list;
      },
    ],
    combine: (left, right) => {
      for (const row of right) left.push(row);
      return left;
    },
    finish: (list) => [...list],
    columns: { primitives: [{ input: 0, primitive: { kind: 'list' } }] },
  };
}

/** The different rows: numbers, strings and the like by value, objects one by one. */
export function toSet<Row>(): AggregateOperation1<Row, Set<Row>, Set<Row>> {
  return {
    create: () => new Set(),
    accumulate: [(set, row) => set.add(row)],
    combine: (left, right) => {
      for (const row of right) left.add(row);
      return left;
    },
    finish: (set) => new Set(set),
  };
}

/** A value for each key; of several rows with one key `merge` makes one, without it the last one stays. */
export function toMap<Row, K extends Key, Value>(
  key: (row: Row) => K,
  value: (row: Row) => Value,
  merge: (left: Value, right: Value) => Value = (_, right) => right,
): AggregateOperation1<Row, Map<unknown, [K, Value]>, Map<K, Value>> {
  const put = (map: Map<unknown, [K, Value]>, own: K, added: Value): void => {
    const canonical = canonicalKey(own);
    const known = map.get(canonical);
    map.set(canonical, known === undefined ? [own, added] : [known[0], merge(known[1], added)]);
  };
  return {
    create: () => new Map(),
    accumulate: [
      (map, row) => {
        put(map, key(row), value(row));
        return map;
      },
    ],
    combine: (left, right) => {
      for (const [own, added] of right.values()) put(left, own, added);
      return left;
    },
    finish: (map) => new Map(map.values()),
  };
}

/** The result of another operation for each key. */
export function groupingBy<Row, K extends Key, Accumulator, Result>(
  key: (row: Row) => K,
  downstream: AggregateOperation1<Row, Accumulator, Result>,
): AggregateOperation1<Row, Map<unknown, [K, Accumulator]>, Map<K, Result>> {
  const { create, combine, finish } = downstream;
  const [accumulate] = downstream.accumulate;
  return {
    create: () => new Map(),
    accumulate: [
      (groups, row) => {
        const own = key(row);
        const canonical = canonicalKey(own);
        const known = groups.get(canonical);
        groups.set(canonical, [own, accumulate(known === undefined ? create() : known[1], row)]);
        return groups;
      },
    ],
    combine:
      combine &&
      ((left, right) => {
        for (const [canonical, [own, added]] of right) {
          const known = left.get(canonical);
          left.set(canonical, [own, combine(known === undefined ? create() : known[1], added)]);
        }
        return left;
      }),
    finish: (groups) => new Map([...groups.values()].map(([own, accumulator]) => [own, finish(accumulator)])),
  };
}

/** The texts one after the other. */
export function concatenating(separator = '', prefix = '', suffix = ''): AggregateOperation1<string, string[], string> {
  return {
    create: () => [],
    accumulate: [
      (texts, text) => {
        texts.push(text);
        return texts;
      },
    ],
    combine: (left, right) => {
      for (const text of right) left.push(text);
      return left;
    },
    finish: (texts) => prefix + texts.join(separator) + suffix,
  };
}

/** Some row, the first that came; `undefined` of none. */
export function pickAny<Row>(): AggregateOperation1<Row, { picked?: Row }, Row | undefined> {
  return {
    create: () => ({}),
    accumulate: [(kept, row) => ('picked' in kept ? kept : { picked: row })],
    combine: (left, right) => ('picked' in left ? left : right),
    finish: ({ picked }) => picked,
  };
}
