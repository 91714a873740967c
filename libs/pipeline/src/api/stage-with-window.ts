import type {
  AggregateOperation,
  AggregateOperation1,
  Key,
  KeyedWindowResult,
  KeyOf,
  WindowDefinition,
  WindowResult,
} from '@millrace/operators';
import type { GraphNode } from '../graph/graph-node.ts';
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

  /** One result for each window, whatever the key. */
  aggregate<A, Result>(operation: AggregateOperation1<Row, A, Result>): StreamStage<WindowResult<Result>> {
    const { graph, node } = this.#stage;
    return this.#stage.derive(
      aggregateNode(graph, { operation, inputs: [node], keyOfs: undefined, window: this.#window }),
    );
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

  #aggregate<Result>(
    // biome-ignore lint/suspicious/noExplicitAny: the callers have checked the types
    operation: AggregateOperation<any, any, Result>,
    // biome-ignore lint/suspicious/noExplicitAny: as above
    others: readonly KeyedStream<any, K>[],
    hasLateRows: boolean,
  ): StreamStage<KeyedWindowResult<K, Result>> {
    const inputs = [this.#stage.node, ...others.map((other) => other.stage.node)];
    const keyOfs = [this.#keyOf, ...others.map((other) => other.keyOf as KeyOf)];
    return this.#stage.derive(
      aggregateNode(this.#stage.graph, { operation, inputs, keyOfs, window: this.#window, hasLateRows }),
    );
  }
}

/** A stream with its key, as another stream is aggregated or joined with. */
export interface KeyedStream<Row, K extends Key> {
  readonly stage: Stage<Row, 'stream'>;
  readonly keyOf: (row: Row) => K;
}
