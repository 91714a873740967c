import {
  type AggregateOperation1,
  type Key,
  layoutOf,
  rollingAggregate,
  type WindowDefinition,
} from '@millrace/operators';
import { aggregateNode } from './aggregate-node.ts';
import type { Boundedness, Stage, StreamStage } from './stage.ts';
import { StageWithKeyAndWindow } from './stage-with-window.ts';

/** A result for a key. */
export interface Keyed<K extends Key, Result> {
  readonly key: K;
  readonly result: Result;
}

/** A stage whose rows are treated by key: rows of one key meet, in order. */
export class StageWithKey<Row, K extends Key, Bounds extends Boundedness> {
  readonly stage: Stage<Row, Bounds>;
  readonly keyOf: (row: Row) => K;

  /** @internal */
  constructor(stage: Stage<Row, Bounds>, keyOf: (row: Row) => K) {
    this.stage = stage;
    this.keyOf = keyOf;
  }

  /** Windows of event time for each key. */
  window(this: StageWithKey<Row, K, 'stream'>, window: WindowDefinition): StageWithKeyAndWindow<Row, K> {
    return new StageWithKeyAndWindow(this.stage as StreamStage<Row>, this.keyOf, window);
  }

  /** For each row the result of its key so far. */
  rollingAggregate<A, Result>(operation: AggregateOperation1<Row, A, Result>): Stage<Keyed<K, Result>, Bounds> {
    const { graph, node } = this.stage;
    return this.stage.derive({
      kind: 'operator',
      label: 'rolling aggregate',
      name: graph.freeName('rollingAggregate'),
      inputs: [node],
      parallelism: 'threads',
      routings: [{ kind: 'keyed', keyOf: this.keyOf }],
      isCooperative: true,
      supplier: (mode) => rollingAggregate({ keyOf: this.keyOf, layout: layoutOf(operation, 1), mode }),
    });
  }

  /** One result for each key, when the input has ended. */
  aggregate<A, Result>(
    this: StageWithKey<Row, K, 'batch'>,
    operation: AggregateOperation1<Row, A, Result>,
  ): Stage<Keyed<K, Result>, 'batch'> {
    const { graph, node } = this.stage;
    return this.stage.derive(
      aggregateNode(graph, { operation, inputs: [node], keyOfs: [this.keyOf], window: undefined }),
    );
  }
}
