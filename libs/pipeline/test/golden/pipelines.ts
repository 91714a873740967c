import { AggregateOperations } from '@millrace/operators';
import { Pipeline, type StreamStage, session, sliding, TestSources, tumbling } from '@millrace/pipeline';
import { fileSink } from '../file-sink.ts';
import { type Pace, pacedBatch, pacedStream } from '../paced-source.ts';

/** Pipelines whose output is known: one for each operator and for combinations of them. Run by `golden.test.ts` in every way there is. */

const { allOf, coAggregate, counting, mapping, summing, toList, topN, linearTrend, maxOf } = AggregateOperations;

export interface Options extends Pace {
  readonly file: string;
}

export const ROWS = 600;
export const KEYS = 7;

export interface Event {
  readonly n: number;
  readonly key: string;
  readonly time: number;
}
export const eventOf = (n: number): Event => ({ n, key: `k${n % KEYS}`, time: timeOf(n) });
/** With a pause of 60 ms after each 50 rows. */
export const timeOf = (n: number): number => n + 60 * Math.floor(n / 50);

/** Countries of keys; `k6` has none and `k0` two. */
export const countries = [
  ...Array.from({ length: KEYS - 1 }, (_, index) => ({ key: `k${index}`, country: `C${index % 3}` })),
  { key: 'k0', country: 'C9' },
];

const events = (options: Options) => pacedStream('events', [0, ROWS], eventOf, options);
const allNumbers = (options: Options) => pacedBatch('numbers', [0, ROWS], (n) => n, options);

type Build = (options: Options) => Pipeline;
const byKey = ({ key }: Event): string => key;

/** A pipeline over the events in order of time. */
const overEvents =
  (build: (events: StreamStage<Event>, p: Pipeline) => StreamStage<unknown>): Build =>
  (options) => {
    const p = Pipeline.create();
    build(
      p.readFrom(events(options)).withTimestamps(({ time }) => time, 0),
      p,
    ).writeTo(fileSink(options.file));
    return p;
  };

// Stateless stages
export const stateless: Build = overEvents((events) =>
  events
    .map(({ n }) => n * 2)
    .filter((n) => n % 3 === 0)
    .peek(() => undefined)
    .flatMap((n) => [n, -n]),
);
export const forkedAndMerged: Build = overEvents((events) =>
  events
    .filter(({ n }) => n % 2 === 0)
    .map(({ n }) => `even ${n}`)
    .merge(events.filter(({ n }) => n % 2 === 1).map(({ n }) => `odd ${n}`)),
);
export const rebalanced: Build = overEvents((events) => events.rebalance().map(({ n }) => n));
export const rebalancedByKey: Build = overEvents((events) =>
  events.rebalance(byKey).mapStateful(
    () => ({}),
    (_state, { n }) => n,
  ),
);

// Stateful stages
export const mapStateful: Build = overEvents((events) =>
  events.groupingKey(byKey).mapStateful(
    () => ({ sum: 0 }),
    (state, { n }, key) => {
      state.sum += n;
      return { key, n, sum: state.sum };
    },
  ),
);
export const mapStatefulGlobal: Build = overEvents((events) =>
  events.mapStateful(
    () => ({ count: 0 }),
    (state, { n }) => ({ n, index: state.count++ }),
  ),
);
export const flatMapStateful: Build = overEvents((events) =>
  events.groupingKey(byKey).flatMapStateful(
    () => ({ last: [] as number[] }),
    (state, { n }, key) => {
      state.last.push(n);
      return state.last.length === 10 ? [`${key}: ${state.last.splice(0).join()}`] : [];
    },
  ),
);
export const filterStateful: Build = overEvents((events) =>
  events
    .groupingKey(byKey)
    .filterStateful(
      () => ({ count: 0 }),
      (state) => state.count++ % 3 === 0,
    )
    .map(({ n }) => n),
);
// #region stateful
export const evicting: Build = overEvents((events) =>
  events
    .groupingKey(({ n }) => Math.floor(n / 30))
    .mapStateful(
      () => ({ count: 0 }),
      (state): { key: number; count: number; timeMs: number } | undefined => {
        state.count += 1;
        return undefined;
      },
      { ttlMs: 20, onEvict: ({ count }, key, timeMs) => ({ key, count, timeMs }) },
    ),
);
// #endregion
export const rolling: Build = overEvents((events) => events.groupingKey(byKey).rollingAggregate(maxOf(({ n }) => n)));
export const distinctWithin: Build = overEvents((events) =>
  events
    .groupingKey(byKey)
    .distinct(40)
    .map(({ n }) => n),
);
export const distinctInWindow: Build = overEvents((events) =>
  events
    .map(({ n }) => n % 5)
    .window(tumbling(100))
    .distinct(),
);

// Windows
export const slidingWindow: Build = overEvents((events) =>
  events
    .groupingKey(byKey)
    .window(sliding(100, 20))
    .aggregate(allOf({ count: counting<Event>(), sum: summing<Event>(({ n }) => n) })),
);
export const tumblingWindow: Build = overEvents((events) =>
  events
    .window(tumbling(100))
    .groupingKey(({ n }) => n % 3)
    .aggregate(
      mapping(
        ({ n }: Event) => n,
        topN<number>(2, (a, b) => a - b),
      ),
    ),
);
export const globalWindow: Build = overEvents((events) =>
  events.window(tumbling(50, { emitsEmpty: true })).aggregate(counting()),
);
// #region sessions
export const sessions: Build = overEvents((events) =>
  events
    .groupingKey(byKey)
    .window(session(30))
    .aggregate(mapping(({ n }: Event) => n, toList<number>())),
);
// #endregion
export const globalSessions: Build = overEvents((events) => events.window(session(40)).aggregate(counting()));
export const trend: Build = overEvents((events) =>
  events
    .groupingKey(byKey)
    .window(tumbling(500))
    .aggregate(
      linearTrend(
        ({ time }) => time,
        ({ time }) => 3 * time,
      ),
    )
    .map(({ key, end, result }) => ({ key, end, slope: Math.round(result * 1_000) / 1_000 })),
);
export const windowOfWindows: Build = overEvents((events) =>
  events
    .groupingKey(byKey)
    .window(tumbling(20))
    .aggregate(counting())
    .window(tumbling(100))
    .aggregate(summing(({ result }) => result)),
);

// Co-aggregation and joins
const isEven = ({ n }: Event): boolean => n % 2 === 0;
const isOdd = ({ n }: Event): boolean => n % 2 === 1;
const even = (events: StreamStage<Event>) => events.filter(isEven).groupingKey(byKey);
const odd = (events: StreamStage<Event>) => events.filter(isOdd).groupingKey(byKey);
const numbers = mapping(({ n }: Event) => n, toList<number>());
export const coAggregated: Build = overEvents((events) =>
  even(events).window(tumbling(50)).aggregate2(odd(events), coAggregate(counting<Event>(), numbers)),
);
export const coAggregatedSessions: Build = overEvents((events) =>
  even(events).window(session(30)).aggregate2(odd(events), coAggregate(counting<Event>(), counting<Event>())),
);
export const coAggregated3: Build = overEvents((events) =>
  even(events)
    .window(sliding(100, 50))
    .aggregate3(
      odd(events),
      events.groupingKey(byKey),
      coAggregate(
        counting<Event>(),
        counting<Event>(),
        summing<Event>(({ n }) => n),
      ),
    ),
);
// #region built
export const built: Build = overEvents((events) =>
  even(events)
    .window(tumbling(100))
    .aggregateBuilder('even', counting())
    .add('odd', odd(events), counting())
    .add('all', events.groupingKey(byKey), counting())
    .build(),
);
// #endregion
export const globalCoAggregated: Build = overEvents((events) =>
  events
    .filter(isEven)
    .window(tumbling(100))
    .aggregate2(events.filter(isOdd), coAggregate(counting<Event>(), counting<Event>())),
);
export const windowJoin: Build = overEvents((events) =>
  even(events)
    .window(tumbling(20))
    .join(odd(events), (left, right) => [left.n, right.n]),
);
// #region window-join
export const windowLeftJoin: Build = overEvents((events) =>
  even(events)
    .window(tumbling(20))
    .leftJoin(odd(events), (left, right) => [left.n, right?.n ?? null]),
);
// #endregion
const table = (p: Pipeline) => p.readFrom(TestSources.items(...countries));
const onKey = { left: byKey, right: ({ key }: { readonly key: string }) => key };
export const hashJoin: Build = overEvents((events, p) =>
  events.hashJoin(table(p), onKey, ({ n }, match) => [n, match?.country ?? null]),
);
export const innerHashJoin: Build = overEvents((events, p) =>
  events.innerHashJoin(table(p), onKey, ({ n }, match) => [n, match.country]),
);
// #region two-tables
export const joinOfTwoTables: Build = overEvents((events, p) => {
  const parity = p.readFrom(TestSources.items([0, 'even'] as const));
  return events
    .hashJoinBuilder()
    .addInner(table(p), onKey)
    .add(parity, { left: ({ n }) => n % 2, right: ([rest]) => rest })
    .build(({ n }, { country }, rest) => [n, country, rest?.[1] ?? null]);
});
// #endregion

// Services
const nextTurn = (): Promise<void> => new Promise(setImmediate);
// #region map-async
export const mapAsync: Build = overEvents((events) =>
  events.mapAsync(
    async ({ n }) => {
      for (let turn = 0; turn < n % 4; turn++) await nextTurn();
      return n % 5 === 0 ? undefined : n;
    },
    { concurrency: 8 },
  ),
);
// #endregion
export const mapAsyncInAnyOrder: Build = overEvents((events) =>
  events
    .mapAsync(
      async (event) => {
        for (let turn = 0; turn < event.n % 4; turn++) await nextTurn();
        return event;
      },
      { isOrdered: false },
    )
    .groupingKey(byKey)
    .window(tumbling(100))
    .aggregate(counting()),
);
// #region enrich
export const enriched: Build = overEvents((events) =>
  events.enrich(
    {
      service: { create: async () => new Map(countries.map(({ key, country }) => [key, country])) },
      key: byKey,
      lookup: async (service, key) => {
        await nextTurn();
        return service.get(key as string);
      },
      cache: { entries: 3 },
    },
    ({ n }, country) => [n, country ?? null],
  ),
);
// #endregion
export const usingService: Build = overEvents((events) =>
  events.mapUsingService({ create: () => ({ factor: 3 }) }, ({ factor }, { n }) =>
    n % 2 === 0 ? n * factor : undefined,
  ),
);
export const customTransform: Build = overEvents((events) =>
  events
    .groupingKey(byKey)
    .customTransform<Event>('own', () => {
      let outbox: { offer(item: unknown): boolean };
      return {
        init: (context) => {
          outbox = context.outbox as never;
        },
        process: (_ordinal, batch) => outbox.offer(batch),
      };
    })
    .map(({ n }) => n),
);

// Two sources, and combinations
export const twoSources: Build = (options) => {
  const p = Pipeline.create();
  const source = (name: string, from: number, to: number) =>
    p.readFrom(pacedStream(name, [from, to], eventOf, options)).withTimestamps(({ time }) => time, 0);
  source('first', 0, ROWS / 2)
    .merge(source('second', ROWS / 2, ROWS))
    .groupingKey(byKey)
    .rollingAggregate(counting())
    .map(({ key }) => key)
    .writeTo(fileSink(options.file));
  return p;
};
export const enrichedSessions: Build = overEvents((events, p) =>
  events
    .innerHashJoin(table(p), onKey, (event, { country }) => ({ ...event, country }))
    .groupingKey(({ country }) => country)
    .window(session(30))
    .aggregate(counting())
    .mapStateful(
      () => ({ total: 0 }),
      (state, { start, key, result }) => {
        state.total += result;
        return { start, key, result };
      },
    ),
);
export const asyncThenWindow: Build = overEvents((events) =>
  events
    .mapAsync(async (event) => event)
    .groupingKey(byKey)
    .distinct(50)
    .groupingKey(byKey)
    .window(sliding(200, 100))
    .aggregate(counting()),
);

// Batches
export const batchAggregate: Build = (options) => {
  const p = Pipeline.create();
  p.readFrom(allNumbers(options))
    .groupingKey((n) => n % KEYS)
    .aggregate(allOf({ count: counting<number>(), sum: summing<number>((n) => n) }))
    .writeTo(fileSink(options.file));
  return p;
};
export const batchGlobal: Build = (options) => {
  const p = Pipeline.create();
  const all = p.readFrom(allNumbers(options));
  const total = all.aggregate2(
    all.filter((n) => n % 2 === 1),
    coAggregate(
      counting<number>(),
      summing<number>((n) => n),
    ),
  );
  total.writeTo(fileSink(options.file));
  return p;
};
export const batchCoAggregate: Build = (options) => {
  const p = Pipeline.create();
  const all = p.readFrom(allNumbers(options));
  const key = (n: number): number => n % KEYS;
  all
    .groupingKey(key)
    .aggregateBuilder('all', counting())
    .add('odd', all.filter((n) => n % 2 === 1).groupingKey(key), counting())
    .build()
    .writeTo(fileSink(options.file));
  return p;
};
export const batchSort: Build = (options) => {
  const p = Pipeline.create();
  p.readFrom(allNumbers(options))
    .map((n) => (n * 37) % ROWS)
    .rebalance()
    .sort((a, b) => b - a)
    .writeTo(fileSink(options.file));
  return p;
};
export const batchDistinct: Build = (options) => {
  const p = Pipeline.create();
  p.readFrom(allNumbers(options))
    .map((n) => n % 50)
    .distinct()
    .writeTo(fileSink(options.file));
  return p;
};
/** The bounded side is read before any snapshot can be taken, so only the other one is slow. */
export const batchPipeline: Build = (options) => {
  const p = Pipeline.create();
  const shares = p
    .readFrom(TestSources.range(0, ROWS, 2))
    .groupingKey((n) => n % KEYS)
    .aggregate(counting())
    .sort((a, b) => a.key - b.key);
  p.readFrom(allNumbers(options))
    .hashJoin(shares, { left: (n) => n % (KEYS + 1), right: ({ key }) => key }, (n, share) => [n, share?.result ?? 0])
    .writeTo(fileSink(options.file));
  return p;
};
