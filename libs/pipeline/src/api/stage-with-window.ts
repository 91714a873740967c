import {
  type AggregateOperation,
  type AggregateOperation1,
  AggregateOperations,
  type Key,
  type KeyedWindowResult,
  type KeyOf,
  type WindowDefinition,
  type WindowResult,
} from '@millrace/operators';
import type { GraphNode } from '../graph/graph-node.ts';
import { AggregateBuilder } from './aggregate-builder.ts';
import { aggregateNode } from './aggregate-node.ts';
import type { Stage, StreamStage } from './stage.ts';

/** Results of windows, and the rows that came too late for theirs. */
export interface WithLateRows<Results, Row> {
  readonly results: StreamStage<Results>;
  readonly late: StreamStage<Row>;
}

/** A stream cut into windows of event time. */
export class StageWithWindow<Row> {
  readonly #stage: StreamStage<Row>;
  readonly #window: WindowDefinition;

  /** @internal */
  constructor(stage: StreamStage<Row>, window: WindowDefinition) {
    this.#stage = stage;
    this.#window = window;
  }

  /** Windows for each key. */
  groupingKey<K extends Key>(keyOf: (row: Row) => K): StageWithKeyAndWindow<Row, K> {
    return new StageWithKeyAndWindow(this.#stage, keyOf, this.#window);
  }

  /** Each row once in its window, by content; with a sliding window once in each of its windows. */
  distinct(this: StageWithWindow<Row & Key>): StreamStage<WindowResult<Row>> {
    return new StageWithKeyAndWindow<Row & Key, Row & Key>(
      this.#stage as StreamStage<Row & Key>,
      (row) => row as Key,
      this.#window,
    )
      .aggregate(AggregateOperations.counting())
      .map(({ key, start, end, isEarly }) => ({
        start,
        end,
        result: key as Row,
        ...(isEarly === undefined ? {} : { isEarly }),
      }));
  }

  /** One result for each window, whatever the key. */
  aggregate<A, Result>(operation: AggregateOperation1<Row, A, Result>): StreamStage<WindowResult<Result>> {
    return this.#aggregateAll([], operation);
  }

  /** Rows of two streams in the same window together. */
  aggregate2<Other, A, Result>(
    other: StreamStage<Other>,
    operation: AggregateOperation<readonly [Row, Other], A, Result>,
  ): StreamStage<WindowResult<Result>> {
    return this.#aggregateAll([other], operation);
  }

  /** The same with three streams. */
  aggregate3<Second, Third, A, Result>(
    second: StreamStage<Second>,
    third: StreamStage<Third>,
    operation: AggregateOperation<readonly [Row, Second, Third], A, Result>,
  ): StreamStage<WindowResult<Result>> {
    return this.#aggregateAll([second, third], operation);
  }

  #aggregateAll<Result>(
    // biome-ignore-start lint/suspicious/noExplicitAny: the callers have checked the types
    others: readonly StreamStage<any>[],
    operation: AggregateOperation<any, any, Result>,
    // biome-ignore-end lint/suspicious/noExplicitAny: see above
  ): StreamStage<WindowResult<Result>> {
    const { graph, node } = this.#stage;
    const inputs = [node, ...others.map((other) => other.node)];
    return this.#stage.derive(aggregateNode(graph, { operation, inputs, keyOfs: undefined, window: this.#window }));
  }
}

/** A stream cut into windows of event time for each key. */
export class StageWithKeyAndWindow<Row, K extends Key> {
  readonly #stage: StreamStage<Row>;
  readonly #keyOf: KeyOf;
  readonly #window: WindowDefinition;

  /** @internal */
  constructor(stage: StreamStage<Row>, keyOf: KeyOf, window: WindowDefinition) {
    this.#stage = stage;
    this.#keyOf = keyOf;
    this.#window = window;
  }

  /** One result for each key and window. */
  aggregate<A, Result>(operation: AggregateOperation1<Row, A, Result>): StreamStage<KeyedWindowResult<K, Result>> {
    return this.#aggregate(operation, [], false);
  }

  /** The same, and the rows that came later than the allowed lag as a stream of their own. */
  aggregateWithLate<A, Result>(
    operation: AggregateOperation1<Row, A, Result>,
  ): WithLateRows<KeyedWindowResult<K, Result>, Row> {
    const results = this.#aggregate<Result>(operation, [], true);
    const { graph } = this.#stage;
    const of = results.node as Extract<GraphNode, { kind: 'aggregate' }>;
    const late = results.derive<Row>({
      kind: 'late',
      name: graph.freeName(`${of.name}-late`),
      inputs: [],
      parallelism: 'inherit',
      of,
    });
    return { results, late };
  }

  /** Rows of two streams with the same key and window together: `operation` takes rows of both. */
  aggregate2<Other, A, Result>(
    other: KeyedStream<Other, K>,
    operation: AggregateOperation<readonly [Row, Other], A, Result>,
  ): StreamStage<KeyedWindowResult<K, Result>> {
    return this.#aggregate(operation, [other], false);
  }

  /** The same with three streams. */
  aggregate3<Second, Third, A, Result>(
    second: KeyedStream<Second, K>,
    third: KeyedStream<Third, K>,
    operation: AggregateOperation<readonly [Row, Second, Third], A, Result>,
  ): StreamStage<KeyedWindowResult<K, Result>> {
    return this.#aggregate(operation, [second, third], false);
  }

  /** Any number of streams, each with an operation and a name: `.aggregateBuilder('orders', counting()).add('payments', other, summing(…)).build()`. */
  aggregateBuilder<Name extends string, A, Result>(
    name: Name,
    operation: AggregateOperation1<Row, A, Result>,
  ): AggregateBuilder<K, 'stream', { readonly [N in Name]: Result }> {
    const own = { stage: this.#stage, keyOf: this.#keyOf };
    return new AggregateBuilder([{ name, input: own as never, operation }], ([, ...others], together) =>
      this.#aggregate(together, others as unknown as readonly KeyedStream<unknown, K>[], false),
    );
  }

  /** Each pair of rows of two streams with the same key and window. */
  join<Other, To>(other: KeyedStream<Other, K>, join: (row: Row, match: Other) => To): StreamStage<To> {
    return this.#pairs(other).flatMap(({ result: [rows, matches] }) =>
      rows.flatMap((row) => matches.map((match) => join(row, match))),
    );
  }

  /** The same, and rows of this stream without a match with `undefined`. */
  leftJoin<Other, To>(other: KeyedStream<Other, K>, join: (row: Row, match: Other | undefined) => To): StreamStage<To> {
    return this.#pairs(other).flatMap(({ result: [rows, matches] }) =>
      rows.flatMap((row) => (matches.length === 0 ? [join(row, undefined)] : matches.map((match) => join(row, match)))),
    );
  }

  #pairs<Other>(other: KeyedStream<Other, K>): StreamStage<KeyedWindowResult<K, readonly [Row[], Other[]]>> {
    const { coAggregate, toList } = AggregateOperations;
    return this.aggregate2(other, coAggregate(toList<Row>(), toList<Other>())).setName(
      this.#stage.graph.freeName('join'),
    );
  }

  #aggregate<Result>(
    // biome-ignore lint/suspicious/noExplicitAny: the callers have checked the types
    operation: AggregateOperation<any, any, Result>,
    // biome-ignore lint/suspicious/noExplicitAny: as above
    others: readonly KeyedStream<any, K>[],
    hasLateRows: boolean,
  ): StreamStage<KeyedWindowResult<K, Result>> {
    const inputs = [this.#stage.node, ...others.map((other) => other.stage.node)];
    const keyOfs = [this.#keyOf, ...others.map((other) => other.keyOf)];
    return this.#stage.derive(
      aggregateNode(this.#stage.graph, { operation, inputs, keyOfs, window: this.#window, hasLateRows }),
    );
  }
}

/** A stream with its key, as another stream is aggregated or joined with. */
export interface KeyedStream<Row, K extends Key> {
  readonly stage: Stage<Row, 'stream'>;
  readonly keyOf: KeyFunction<Row, K>;
}

/** A function to which a stage of narrower rows may be given: parameters of methods are compared both ways. */
export type KeyFunction<Row, K extends Key> = { of(row: Row): K }['of'];
