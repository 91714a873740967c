/** Type tests: checked by `npm run typecheck`, never run. */
import { AggregateOperations, type KeyedWindowResult, type WindowResult } from '@millrace/operators';
import {
  type BatchStage,
  type Keyed,
  Pipeline,
  Sinks,
  type StreamStage,
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

// What does not fit is refused.
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
