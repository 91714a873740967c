/** Type tests: checked by `npm run typecheck`, never run. */
import { AggregateOperations, type KeyedWindowResult, type WindowResult } from '@millrace/operators';
import {
  type BatchStage,
  type Keyed,
  Pipeline,
  Sinks,
  type StreamStage,
  session,
  sliding,
  TestSources,
  tumbling,
} from '../index.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const expectType = <Expected, Actual>(_isEqual: Equal<Expected, Actual>, _actual: Actual): void => undefined;

const { coAggregate, counting, summing, toList } = AggregateOperations;

interface Order {
  readonly id: number;
  readonly country: string;
  readonly time: number;
}
declare const order: Order;

const p = Pipeline.create();

// Batch stages stay batch stages, rows are inferred through every stage.
const items = p.readFrom(TestSources.items(order));
expectType<BatchStage<Order>, typeof items>(true, items);
const ids = items.map(({ id }) => id).filter((id) => id > 0);
expectType<BatchStage<number>, typeof ids>(true, ids);
const texts = ids.flatMap((id) => [String(id)]);
expectType<BatchStage<string>, typeof texts>(true, texts);
const narrowed = p.readFrom(TestSources.items<string | number>('a', 1)).filter((value) => typeof value === 'string');
expectType<BatchStage<string>, typeof narrowed>(true, narrowed);
const total = ids.aggregate(summing((id) => id));
expectType<BatchStage<number>, typeof total>(true, total);
const byCountry = items.groupingKey(({ country }) => country).aggregate(counting());
expectType<BatchStage<Keyed<string, number>>, typeof byCountry>(true, byCountry);

// A stream has to say what time its rows have, then windows are open to it.
const source = p.readFrom(
  TestSources.itemStream(10, (sequence, time): Order => ({ id: sequence, country: 'DE', time })),
);
// @ts-expect-error no rows before the timestamps are settled
source.map(({ id }) => id);
const stream = source.withTimestamps(({ time }) => time, 1_000);
expectType<StreamStage<Order>, typeof stream>(true, stream);
const windowed = stream
  .groupingKey(({ country }) => country)
  .window(sliding(10_000, 1_000))
  .aggregate(counting());
expectType<StreamStage<KeyedWindowResult<string, number>>, typeof windowed>(true, windowed);
const global = stream.window(tumbling(1_000)).aggregate(toList<Order>());
expectType<StreamStage<WindowResult<Order[]>>, typeof global>(true, global);
const windowFirst = stream
  .window(tumbling(1_000))
  .groupingKey(({ id }) => id)
  .aggregate(counting());
expectType<StreamStage<KeyedWindowResult<number, number>>, typeof windowFirst>(true, windowFirst);

// Late rows are the rows that went in.
const { results, late } = stream
  .groupingKey(({ id }) => id)
  .window(tumbling(1_000))
  .aggregateWithLate(counting());
expectType<StreamStage<KeyedWindowResult<number, number>>, typeof results>(true, results);
expectType<StreamStage<Order>, typeof late>(true, late);

// Co-aggregation: each input to its own operation, results as a tuple.
const matched = stream
  .groupingKey(({ id }) => id)
  .window(tumbling(1_000))
  .aggregate2(
    stream.map(({ id }) => id).groupingKey((id) => id),
    coAggregate(counting<Order>(), toList<number>()),
  )
  .map(({ result: [orders, numbers] }) => ({ orders, numbers }));
expectType<StreamStage<{ orders: number; numbers: number[] }>, typeof matched>(true, matched);

// Stateful stages: state, row and key are inferred, `undefined` drops the row.
const numbered = stream
  .groupingKey(({ country }) => country)
  .mapStateful(
    () => ({ count: 0 }),
    (state, row, key) => (row.id > 0 ? { key, index: state.count++ } : undefined),
    { ttlMs: 1_000, onEvict: (state, key) => ({ key, index: state.count }) },
  );
expectType<StreamStage<{ key: string; index: number }>, typeof numbered>(true, numbered);
const onceIn = stream.groupingKey(({ id }) => id).distinct(60_000);
expectType<StreamStage<Order>, typeof onceIn>(true, onceIn);
const once = ids.distinct();
expectType<BatchStage<number>, typeof once>(true, once);

// Joins: a left join may have no match, an inner one has.
const lands = p.readFrom(TestSources.items({ code: 'DE', name: 'Germany' }));
const onCountry = { left: ({ country }: Order) => country, right: ({ code }: { code: string }) => code };
const named = stream.hashJoin(lands, onCountry, (row, land) => land?.name ?? row.country);
expectType<StreamStage<string>, typeof named>(true, named);
const builtJoin = stream
  .hashJoinBuilder()
  .addInner(lands, onCountry)
  .add(ids, { left: ({ id }) => id, right: (id) => id })
  .build((row, land, id) => [row.id, land.name, id] as const);
expectType<StreamStage<readonly [number, string, number | undefined]>, typeof builtJoin>(true, builtJoin);
const pairs = stream
  .groupingKey(({ id }) => id)
  .window(session(1_000))
  .leftJoin(
    stream.map(({ id }) => id).groupingKey((id) => id),
    (row, id) => [row.country, id] as const,
  );
expectType<StreamStage<readonly [string, number | undefined]>, typeof pairs>(true, pairs);
const builtTotals = stream
  .groupingKey(({ id }) => id)
  .window(tumbling(1_000))
  .aggregateBuilder('orders', counting())
  .add(
    'ids',
    stream.map(({ id }) => id).groupingKey((id) => id),
    toList<number>(),
  )
  .build();
expectType<
  StreamStage<KeyedWindowResult<number, { readonly orders: number; readonly ids: number[] }>>,
  typeof builtTotals
>(true, builtTotals);

// Services.
const answered = stream.mapAsync(async ({ id }) => (id > 0 ? String(id) : undefined));
expectType<StreamStage<string>, typeof answered>(true, answered);
const sizes = { create: () => new Map<string, number>() };
const enrichedRows = stream.enrich(
  { service: sizes, key: ({ country }) => country, lookup: async (map, key) => map.get(key as string) },
  (row, size) => ({ id: row.id, size }),
);
expectType<StreamStage<{ id: number; size: number | undefined }>, typeof enrichedRows>(true, enrichedRows);

// What does not fit is refused.
// @ts-expect-error of a stream "once" needs a time
stream.groupingKey(({ id }) => id).distinct();
// @ts-expect-error a stream cannot be the bounded side
items.hashJoin(stream, onCountry, (row) => row);
// @ts-expect-error a stream never ends, so it cannot be sorted
stream.sort();
// @ts-expect-error keys of both sides are of one type
stream.hashJoin(lands, { left: ({ id }) => id, right: ({ code }) => code }, (row) => row);
// @ts-expect-error a batch has no windows
items.window(tumbling(1));
// @ts-expect-error a stream never ends, so it has no total
stream.aggregate(counting());
// @ts-expect-error the sink takes texts
ids.writeTo(Sinks.noop<string>());
// @ts-expect-error a key is made of plain values
stream.groupingKey(() => new Date(0));
const byId = stream.groupingKey(({ id }) => id).window(tumbling(1));
const ofCountry = stream.groupingKey(({ country }) => country);
// @ts-expect-error keys of both inputs are of one type
byId.aggregate2(ofCountry, coAggregate(counting<Order>(), counting<Order>()));
// @ts-expect-error a batch is no stream
stream.merge(items);

// What becomes of rows that a function throws for: the key is one of the row that went in.
const tolerant = items.map(({ country }) => country, { onError: { action: 'dead-letter', parkKeys: ({ id }) => id } });
expectType<BatchStage<string>, typeof tolerant>(true, tolerant);
expectType<BatchStage<Order>, ReturnType<typeof items.filter>>(
  true,
  items.filter(({ id }) => id > 0, { onError: 'skip' }),
);
items.mapAsync(async ({ id }) => id, { retries: 1, onError: { action: 'skip', openMax: 10 } });
// @ts-expect-error no such action
items.map(({ id }) => id, { onError: 'ignore' });
