import { AggregateOperations } from '@millrace/operators';
import { Pipeline, session, sliding, tumbling } from '@millrace/pipeline';
import type { PipelineBuilder } from '@millrace/testing/simulation';
import { assigned, batch, type Event, events, LAG_MS, MANY, timed } from './events.ts';

const { allOf, averaging, coAggregate, counting, maxOf, reducing, summing, toList } = AggregateOperations;

/** Rows of one split stay in order as long as nothing spreads them. */
const bySplit = {
  order: { keyOf: (event: Event) => event.split, orderOf: (event: Event) => event.n },
  unique: (event: Event) => `${event.split}/${event.n}`,
};

interface Result {
  readonly key?: unknown;
  readonly start: number;
  readonly end: number;
}
const byWindow = {
  order: { keyOf: ({ key }: Result) => key, orderOf: ({ end }: Result) => end },
  unique: ({ key, start, end }: Result) => `${String(key)} ${start}-${end}`,
};

const amount = ({ amount: value }: Event): number => value;
/** Kept as objects, unlike `summing`. */
const reduced = reducing({ empty: 0, map: amount, combine: (a, b) => a + b, deduct: (a, b) => a - b });
const key = (event: Event): string => event.key;

/** Every pipeline that is simulated, by name. A new one is one more entry. */
export const pipelines: Readonly<Record<string, PipelineBuilder>> = {
  stateless(world) {
    const p = Pipeline.create();
    p.readFrom(events(world, 'events'))
      .withoutTimestamps()
      .filter((event) => event.amount % 5 !== 0)
      .map((event) => ({ ...event, amount: event.amount * 2 }))
      .writeTo(world.sink('out', bySplit));
    return p;
  },

  tumbling(world) {
    const p = Pipeline.create();
    timed(p, world, 'events')
      .groupingKey(key)
      .window(tumbling(50))
      .aggregate(allOf({ count: counting<Event>(), mean: averaging(amount), amounts: toList<Event>() }))
      .map(({ result, ...window }) => ({
        ...window,
        ...result,
        amounts: result.amounts.map(amount).sort((a, b) => a - b),
      }))
      .writeTo(world.sink('out', byWindow));
    return p;
  },

  sliding(world) {
    const p = Pipeline.create();
    timed(p, world, 'events')
      .groupingKey(key)
      .window(sliding(120, 40))
      .aggregate(summing(amount))
      .writeTo(world.sink('out', byWindow));
    return p;
  },

  /** Event times are given by a stage, and the windows are put together from their frames. */
  'sliding-maximum'(world) {
    const p = Pipeline.create();
    assigned(p, world, 'events')
      .groupingKey((event) => event.amount % 7)
      .window(sliding(90, 30))
      .aggregate(maxOf(amount))
      .writeTo(world.sink('out', byWindow));
    return p;
  },

  'global-window'(world) {
    const p = Pipeline.create();
    timed(p, world, 'events')
      .window(tumbling(60, { emitsEmpty: true }))
      .aggregate(counting<Event>())
      .writeTo(world.sink('out', byWindow));
    return p;
  },

  /** What was counted for a key only grows, whoever of the splits is read first. */
  rolling(world) {
    const p = Pipeline.create();
    p.readFrom(events(world, 'events'))
      .withoutTimestamps()
      .groupingKey(key)
      .rollingAggregate(counting<Event>())
      .writeTo(
        world.sink('out', {
          order: { keyOf: (row) => row.key, orderOf: (row) => row.result },
          unique: (row) => `${row.key} ${row.result}`,
        }),
      );
    return p;
  },

  merge(world) {
    const p = Pipeline.create();
    const named = (name: string) => timed(p, world, name).map((event) => ({ ...event, name }));
    named('left')
      .merge(named('right'))
      .writeTo(
        world.sink('out', {
          order: { keyOf: ({ name, split }) => `${name} ${split}`, orderOf: ({ n }) => n },
          unique: ({ name, split, n }) => `${name} ${split}/${n}`,
        }),
      );
    return p;
  },

  'merge-window'(world) {
    const p = Pipeline.create();
    timed(p, world, 'left')
      .merge(timed(p, world, 'right'))
      .groupingKey(key)
      .window(tumbling(40))
      .aggregate(summing(amount))
      .writeTo(world.sink('out', byWindow));
    return p;
  },

  'co-aggregate'(world) {
    const p = Pipeline.create();
    const right = timed(p, world, 'right').groupingKey(key);
    timed(p, world, 'left')
      .groupingKey(key)
      .window(tumbling(80))
      .aggregate2(right, coAggregate(counting<Event>(), summing(amount)))
      .writeTo(world.sink('out', byWindow));
    return p;
  },

  fork(world) {
    const p = Pipeline.create();
    const all = timed(p, world, 'events');
    all.filter((event) => event.amount > 20).writeTo(world.sink('rows', bySplit));
    all.groupingKey(key).window(tumbling(50)).aggregate(counting<Event>()).writeTo(world.sink('counts', byWindow));
    return p;
  },

  /** Windows of windows: rows are partitioned by one key, their results by another. */
  'keyed-twice'(world) {
    const p = Pipeline.create();
    timed(p, world, 'events')
      .groupingKey(key)
      .window(tumbling(40))
      .aggregate(summing(amount))
      .groupingKey((window) => window.result % 3)
      .window(tumbling(120))
      .aggregate(counting())
      .writeTo(world.sink('out', byWindow));
    return p;
  },

  /** Numbers as keys, and more of them than the first tables hold. */
  'many-keys'(world) {
    const p = Pipeline.create();
    p.readFrom(events(world, 'events', MANY))
      .withNativeTimestamps(LAG_MS)
      .groupingKey(({ id }) => id)
      .window(sliding(160, 40))
      .aggregate(allOf({ count: counting<Event>(), mean: averaging(amount), sum: reduced }))
      .writeTo(world.sink('out', byWindow));
    return p;
  },

  'many-keys-rolling'(world) {
    const p = Pipeline.create();
    p.readFrom(events(world, 'events', MANY))
      .withoutTimestamps()
      .groupingKey(key)
      .rollingAggregate(counting<Event>())
      .writeTo(world.sink('out', { order: { keyOf: (row) => row.key, orderOf: (row) => row.result } }));
    return p;
  },

  'batch-by-key'(world) {
    const p = Pipeline.create();
    const all = p.readFrom(batch(world, 'events'));
    all
      .groupingKey(key)
      .aggregate(summing(amount))
      .writeTo(world.sink('by-key', { unique: (row) => row.key }));
    all.aggregate(counting<Event>()).writeTo(world.sink('all'));
    return p;
  },

  /** Rows spread over all instances and brought together again. */
  rebalance(world) {
    const p = Pipeline.create();
    p.readFrom(events(world, 'events'))
      .withoutTimestamps()
      .rebalance()
      .flatMap((event) => (event.amount % 4 === 0 ? [event, { ...event, n: -1 - event.n }] : [event]))
      .writeTo(world.sink('out', { unique: bySplit.unique }));
    return p;
  },

  /** What a key's rows are in order; a row is told apart by its place. */
  stateful(world) {
    const p = Pipeline.create();
    p.readFrom(events(world, 'events'))
      .withoutTimestamps()
      .groupingKey(key)
      .flatMapStateful(
        () => ({ count: 0 }),
        (state, _event, own) => {
          state.count += 1;
          return state.count % 2 === 0 ? [{ key: own, count: state.count }] : [];
        },
      )
      .writeTo(
        world.sink('out', {
          order: { keyOf: (row) => row.key, orderOf: (row) => row.count },
          unique: (row) => `${row.key} ${row.count}`,
        }),
      );
    return p;
  },

  sessions(world) {
    const p = Pipeline.create();
    timed(p, world, 'events')
      .groupingKey((event) => event.amount % 5)
      .window(session(12))
      .aggregate(allOf({ count: counting<Event>(), sum: summing(amount) }))
      .writeTo(world.sink('out', byWindow));
    return p;
  },

  /** Rows of a bounded side are looked up by both kinds of join. */
  'hash-join'(world) {
    const p = Pipeline.create();
    const sides = p.readFrom(batch(world, 'sides'));
    const counts = sides.groupingKey(key).aggregate(counting<Event>());
    p.readFrom(events(world, 'events'))
      .withoutTimestamps()
      .hashJoin(counts, { left: key, right: (side) => side.key }, (event, side) => ({
        ...event,
        known: side?.result ?? 0,
      }))
      .writeTo(world.sink('out', bySplit));
    return p;
  },

  'window-join'(world) {
    const p = Pipeline.create();
    const right = timed(p, world, 'right').groupingKey(key);
    timed(p, world, 'left')
      .groupingKey(key)
      .window(tumbling(30))
      .leftJoin(
        right,
        (left, match) => `${left.split}/${left.n} ${match === undefined ? '-' : `${match.split}/${match.n}`}`,
      )
      .writeTo(world.sink('out', { unique: (pair) => pair }));
    return p;
  },

  /** Answers come in no time but in turns of their own; some fail at first. */
  'map-async'(world) {
    const p = Pipeline.create();
    p.readFrom(events(world, 'events'))
      .withoutTimestamps()
      .mapAsync(async (event) => {
        for (let turn = 0; turn < event.n % 3; turn++) await Promise.resolve();
        return { ...event, amount: event.amount + 1 };
      })
      .writeTo(world.sink('out', bySplit));
    return p;
  },

  'map-async-unordered'(world) {
    const p = Pipeline.create();
    p.readFrom(events(world, 'events'))
      .withoutTimestamps()
      .mapAsync(
        async (event) => {
          for (let turn = 0; turn < event.n % 3; turn++) await Promise.resolve();
          return event;
        },
        { isOrdered: false },
      )
      .writeTo(world.sink('out', { unique: bySplit.unique }));
    return p;
  },

  sorted(world) {
    const p = Pipeline.create();
    p.readFrom(batch(world, 'events'))
      .sort((a, b) => a.amount - b.amount || a.split - b.split || a.n - b.n)
      .map(({ amount: value, split, n }) => ({ value, name: `${split}/${n}` }))
      .writeTo(world.sink('out', { unique: ({ name }) => name }));
    return p;
  },

  'batch-distinct'(world) {
    const p = Pipeline.create();
    p.readFrom(batch(world, 'events'))
      .map((event) => event.amount % 11)
      .distinct()
      .writeTo(world.sink('out', { unique: (value) => String(value) }));
    return p;
  },
};
