import type { AggregateOperation1 } from '../contract/aggregate-operation.ts';
import { AggregateOperations } from './aggregate-operations.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const check = <_ extends true>(): void => undefined;
// biome-ignore lint/suspicious/noExplicitAny: accumulators are of no interest here
type Of<Row, Result> = AggregateOperation1<Row, any, Result>;
const typesOf = <Row, Result>(operation: Of<Row, Result>): { readonly row: Row; readonly result: Result } =>
  operation as never;

interface Order {
  readonly id: string;
  readonly total: number;
}
const { allOf, averaging, coAggregate, counting, groupingBy, toList, maxBy } = AggregateOperations;

const named = typesOf(allOf({ rows: counting<Order>(), mean: averaging((order: Order) => order.total) }));
check<Equal<(typeof named)['row'], Order>>();
check<Equal<(typeof named)['result'], { readonly rows: number; readonly mean: number }>>();

const listed = typesOf(allOf(counting<Order>(), toList<Order>()));
check<Equal<(typeof listed)['result'], readonly [number, Order[]]>>();

const grouped = typesOf(
  groupingBy(
    (order: Order) => order.id,
    maxBy<Order>((a, b) => a.total - b.total),
  ),
);
check<Equal<(typeof grouped)['result'], Map<string, Order | undefined>>>();

const both = coAggregate(counting<Order>(), toList<string>());
check<Equal<ReturnType<(typeof both)['finish']>, readonly [number, string[]]>>();
