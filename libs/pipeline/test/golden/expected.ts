import { countries, type Event, eventOf, KEYS, ROWS } from './pipelines.ts';

/** What the pipelines give, by plain programs over arrays. */

const numbers = Array.from({ length: ROWS }, (_, n) => n);
const events = numbers.map(eventOf);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function groups<T, K>(rows: readonly T[], keyOf: (row: T) => K): (readonly [K, T[]])[] {
  const found = new Map<string, [K, T[]]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = found.get(JSON.stringify(key)) ?? [key, []];
    group[1].push(row);
    found.set(JSON.stringify(key), group);
  }
  return [...found.values()];
}

interface Window<T> {
  readonly start: number;
  readonly end: number;
  readonly rows: readonly T[];
}

/** Every sliding window with rows. */
function windows<T extends { readonly time: number }>(rows: readonly T[], size: number, slide = size): Window<T>[] {
  const ends = new Set(
    rows.flatMap(({ time }) =>
      Array.from({ length: size / slide }, (_, index) => (Math.floor(time / slide) + 1 + index) * slide),
    ),
  );
  return [...ends].map((end) => ({
    start: end - size,
    end,
    rows: rows.filter(({ time }) => time >= end - size && time < end),
  }));
}

function sessionsOf(rows: readonly Event[], gap: number): Window<Event>[] {
  const found: Event[][] = [];
  for (const row of rows) {
    const last = found.at(-1);
    if (last !== undefined && row.time - last.at(-1)!.time < gap) last.push(row);
    else found.push([row]);
  }
  return found.map((each) => ({ start: each[0]!.time, end: each.at(-1)!.time + gap, rows: each }));
}

const byKey = ({ key }: Event): string => key;
const perKey = <Out>(make: (key: string, rows: Event[]) => readonly Out[]): Out[] =>
  groups(events, byKey).flatMap(([key, rows]) => make(key, rows));
const keyedWindows = <Out>(size: number, slide: number, result: (rows: readonly Event[]) => Out) =>
  perKey((key, rows) =>
    windows(rows, size, slide).map(({ start, end, rows: own }) => ({ start, end, key, result: result(own) })),
  );
const evenOf = (rows: readonly Event[]): Event[] => rows.filter(({ n }) => n % 2 === 0);
const oddOf = (rows: readonly Event[]): Event[] => rows.filter(({ n }) => n % 2 === 1);
const countryOf = (key: string): (string | null)[] => {
  const found = countries.filter((each) => each.key === key).map(({ country }) => country);
  return found.length === 0 ? [null] : found;
};
const ns = (rows: readonly Event[]): number[] => rows.map(({ n }) => n);
/** Of rows in order those that are `within` after the last one that was kept. */
const firsts = (rows: readonly Event[], within: number): Event[] => {
  let next = Number.NEGATIVE_INFINITY;
  return rows.filter(({ time }) => {
    if (time < next) return false;
    next = time + within;
    return true;
  });
};
const joined = <Out>(make: (left: Event, right: Event | undefined) => Out, isLeft: boolean): Out[] =>
  perKey((_key, rows) =>
    windows(rows, 20).flatMap(({ rows: own }) =>
      evenOf(own).flatMap((left) => {
        const matches: (Event | undefined)[] = oddOf(own);
        return (matches.length === 0 && isLeft ? [undefined] : matches).map((right) => make(left, right));
      }),
    ),
  );
const count = (rows: readonly unknown[]): number => rows.length;

export const expected: Readonly<Record<string, () => readonly unknown[]>> = {
  stateless: () =>
    numbers
      .map((n) => n * 2)
      .filter((n) => n % 3 === 0)
      .flatMap((n) => [n, n === 0 ? 0 : -n]),
  forkedAndMerged: () => numbers.map((n) => (n % 2 === 0 ? `even ${n}` : `odd ${n}`)),
  rebalanced: () => numbers,
  rebalancedByKey: () => numbers,

  mapStateful: () =>
    perKey((key, rows) => rows.map(({ n }, index) => ({ key, n, sum: sum(ns(rows.slice(0, index + 1))) }))),
  mapStatefulGlobal: () => numbers.map((n) => ({ n, index: n })),
  flatMapStateful: () =>
    perKey((key, rows) =>
      Array.from(
        { length: Math.floor(rows.length / 10) },
        (_, at) =>
          `${key}: ${ns(rows)
            .slice(at * 10, at * 10 + 10)
            .join()}`,
      ),
    ),
  filterStateful: () => perKey((_key, rows) => ns(rows.filter((_, index) => index % 3 === 0))),
  // The last key's time to live has not run out when the input ends.
  evicting: () =>
    groups(events, ({ n }) => Math.floor(n / 30)).flatMap(([key, rows]) => {
      const out: unknown[] = [];
      let last: number | undefined;
      let size = 0;
      for (const { time } of rows) {
        if (last !== undefined && time >= last + 20) {
          out.push({ key, count: size, timeMs: last + 20 });
          size = 0;
        }
        last = time;
        size += 1;
      }
      if (last! + 20 <= events.at(-1)!.time) out.push({ key, count: size, timeMs: last! + 20 });
      return out;
    }),
  rolling: () => events.map(({ key, n }) => ({ key, result: n })),
  distinctWithin: () => perKey((_key, rows) => ns(firsts(rows, 40))),
  distinctInWindow: () =>
    windows(events, 100).flatMap(({ start, end, rows }) =>
      [...new Set(rows.map(({ n }) => n % 5))].map((result) => ({ start, end, result })),
    ),

  slidingWindow: () => keyedWindows(100, 20, (rows) => ({ count: rows.length, sum: sum(ns(rows)) })),
  tumblingWindow: () =>
    groups(events, ({ n }) => n % 3).flatMap(([key, rows]) =>
      windows(rows, 100).map(({ start, end, rows: own }) => ({
        start,
        end,
        key,
        result: ns(own)
          .sort((a, b) => b - a)
          .slice(0, 2),
      })),
    ),
  globalWindow: () => {
    const last = Math.floor(events.at(-1)!.time / 50);
    return Array.from({ length: last + 1 }, (_, index) => ({
      start: index * 50,
      end: index * 50 + 50,
      result: events.filter(({ time }) => Math.floor(time / 50) === index).length,
    }));
  },
  sessions: () =>
    perKey((key, rows) =>
      sessionsOf(rows, 30).map(({ start, end, rows: own }) => ({ start, end, key, result: ns(own) })),
    ),
  globalSessions: () => sessionsOf(events, 40).map(({ start, end, rows }) => ({ start, end, result: rows.length })),
  trend: () => perKey((key, rows) => windows(rows, 500).map(({ end }) => ({ key, end, slope: 3 }))),
  windowOfWindows: () => windows(events, 100).map(({ start, end, rows }) => ({ start, end, result: rows.length })),

  coAggregated: () => keyedWindows(50, 50, (rows) => [evenOf(rows).length, ns(oddOf(rows))]),
  coAggregatedSessions: () =>
    perKey((key, rows) =>
      sessionsOf(rows, 30).map(({ start, end, rows: own }) => ({
        start,
        end,
        key,
        result: [evenOf(own).length, oddOf(own).length],
      })),
    ),
  coAggregated3: () => keyedWindows(100, 50, (rows) => [evenOf(rows).length, oddOf(rows).length, sum(ns(rows))]),
  built: () =>
    keyedWindows(100, 100, (rows) => ({ even: evenOf(rows).length, odd: oddOf(rows).length, all: rows.length })),
  globalCoAggregated: () =>
    windows(events, 100).map(({ start, end, rows }) => ({
      start,
      end,
      result: [evenOf(rows).length, oddOf(rows).length],
    })),
  windowJoin: () => joined((left, right) => [left.n, right!.n], false),
  windowLeftJoin: () => joined((left, right) => [left.n, right?.n ?? null], true),
  hashJoin: () => events.flatMap(({ n, key }) => countryOf(key).map((country) => [n, country])),
  innerHashJoin: () =>
    events.flatMap(({ n, key }) =>
      countryOf(key)
        .filter((country) => country !== null)
        .map((country) => [n, country]),
    ),
  joinOfTwoTables: () =>
    events.flatMap(({ n, key }) =>
      countryOf(key)
        .filter((country) => country !== null)
        .map((country) => [n, country, n % 2 === 0 ? 'even' : null]),
    ),

  mapAsync: () => numbers.filter((n) => n % 5 !== 0),
  mapAsyncInAnyOrder: () => keyedWindows(100, 100, count),
  enriched: () => events.map(({ n, key }) => [n, key === 'k0' ? 'C9' : countryOf(key)[0]]),
  usingService: () => numbers.filter((n) => n % 2 === 0).map((n) => n * 3),
  customTransform: () => numbers,

  twoSources: () => events.map(({ key }) => key),
  enrichedSessions: () => {
    const rows = events.flatMap((event) =>
      countryOf(event.key)
        .filter((country) => country !== null)
        .map((country) => ({ ...event, country })),
    );
    return groups(rows, ({ country }) => country).flatMap(([key, own]) =>
      sessionsOf(own, 30).map(({ start, rows: each }) => ({ start, key, result: each.length })),
    );
  },
  asyncThenWindow: () =>
    perKey((key, rows) =>
      windows(firsts(rows, 50), 200, 100).map(({ start, end, rows: own }) => ({ start, end, key, result: own.length })),
    ),

  batchAggregate: () =>
    groups(numbers, (n) => n % KEYS).map(([key, own]) => ({ key, result: { count: own.length, sum: sum(own) } })),
  batchGlobal: () => [[ROWS, sum(numbers.filter((n) => n % 2 === 1))]],
  batchCoAggregate: () =>
    groups(numbers, (n) => n % KEYS).map(([key, own]) => ({
      key,
      result: { all: own.length, odd: own.filter((n) => n % 2 === 1).length },
    })),
  batchSort: () => numbers.map((n) => (n * 37) % ROWS),
  batchDistinct: () => numbers.slice(0, 50),
  batchPipeline: () =>
    numbers.map((n) => {
      const key = n % (KEYS + 1);
      return [n, numbers.filter((each) => each % KEYS === key && key < KEYS).length];
    }),
};
