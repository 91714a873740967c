import type { ProcessorSupplier } from '@millrace/engine';
import {
  type AggregateOperation,
  type AggregateOperation1,
  type Key,
  layoutOf,
  rollingAggregate,
  type WindowDefinition,
} from '@millrace/operators';
import { AggregateBuilder } from './aggregate-builder.ts';
import { aggregateNode } from './aggregate-node.ts';
import { operatorStage } from './operator-stage.ts';
import type { Boundedness, Stage, StreamStage } from './stage.ts';
import { type KeyFunction, StageWithKeyAndWindow } from './stage-with-window.ts';
import { filterStateful, firstOfKey, flatMapStateful, mapStateful, type TimeToLive } from './stateful-stages.ts';

/** A result for a key. */
export interface Keyed<K extends Key, Result> {
  readonly key: K;
  readonly result: Result;
}

/** A stage whose rows are treated by key: rows of one key meet, in order. */
export class StageWithKey<Row, K extends Key, Bounds extends Boundedness> {
  /** Only for the type: without it a batch would pass for a stream. */
  declare readonly bounds: Bounds;
  readonly stage: Stage<Row, Bounds>;
  readonly keyOf: KeyFunction<Row, K>;

  /** @internal */
  constructor(stage: Stage<Row, Bounds>, keyOf: (row: Row) => K) {
    this.stage = stage;
    this.keyOf = keyOf;
  }

  /** Windows of event time for each key. */
  window(this: StageWithKey<Row, K, 'stream'>, window: WindowDefinition): StageWithKeyAndWindow<Row, K> {
    return new StageWithKeyAndWindow(this.stage as StreamStage<Row>, this.keyOf, window);
  }

  /** Rows looked at with the state of their key, which `fn` changes in place: at most one row for each. */
  mapStateful<State, To>(
    create: () => State,
    fn: (state: State, row: Row, key: K) => To | undefined,
    ttl?: TimeToLive<State, K, To>,
  ): Stage<To, Bounds> {
    return mapStateful(this, create, fn, ttl);
  }

  /** The same with any number of rows for each. */
  flatMapStateful<State, To>(
    create: () => State,
    fn: (state: State, row: Row, key: K) => Iterable<To>,
    ttl?: TimeToLive<State, K, Iterable<To>>,
  ): Stage<To, Bounds> {
    return flatMapStateful(this, create, fn, ttl);
  }

  /** Rows of which `fn` is true in view of the state of their key, which it changes in place. */
  filterStateful<State>(
    create: () => State,
    fn: (state: State, row: Row, key: K) => boolean,
    { ttlMs }: { readonly ttlMs?: number | undefined } = {},
  ): Stage<Row, Bounds> {
    return filterStateful(this, create, fn, ttlMs);
  }

  /** The first row of each key. Of a stream: again after `withinMs` of event time, so that the state does not grow for ever. */
  distinct(this: StageWithKey<Row, K, 'batch'>): Stage<Row, 'batch'>;
  distinct(this: StageWithKey<Row, K, 'stream'>, withinMs: number): Stage<Row, 'stream'>;
  distinct(withinMs?: number): Stage<Row> {
    return firstOfKey<Row, Boundedness>(this as never, withinMs);
  }

  /** For each row the result of its key so far. */
  rollingAggregate<A, Result>(operation: AggregateOperation1<Row, A, Result>): Stage<Keyed<K, Result>, Bounds> {
    return operatorStage(this.stage, {
      label: 'rolling aggregate',
      name: 'rollingAggregate',
      routing: { kind: 'keyed', keyOf: this.keyOf },
      supplier: (mode) => rollingAggregate({ keyOf: this.keyOf, layout: layoutOf(operation, 1), mode }),
    });
  }

  /** One result for each key, when the input has ended. */
  aggregate<A, Result>(
    this: StageWithKey<Row, K, 'batch'>,
    operation: AggregateOperation1<Row, A, Result>,
  ): Stage<Keyed<K, Result>, 'batch'> {
    return this.#aggregateAll([], operation);
  }

  /** One result for each key of two inputs. */
  aggregate2<Other, A, Result>(
    this: StageWithKey<Row, K, 'batch'>,
    other: StageWithKey<Other, K, 'batch'>,
    operation: AggregateOperation<readonly [Row, Other], A, Result>,
  ): Stage<Keyed<K, Result>, 'batch'> {
    return this.#aggregateAll([other], operation);
  }

  /** One result for each key of three inputs. */
  aggregate3<Second, Third, A, Result>(
    this: StageWithKey<Row, K, 'batch'>,
    second: StageWithKey<Second, K, 'batch'>,
    third: StageWithKey<Third, K, 'batch'>,
    operation: AggregateOperation<readonly [Row, Second, Third], A, Result>,
  ): Stage<Keyed<K, Result>, 'batch'> {
    return this.#aggregateAll([second, third], operation);
  }

  /** A co-aggregation of any number of inputs: `.aggregateBuilder('orders', counting()).add('payments', other, summing(…)).build()`. */
  aggregateBuilder<Name extends string, A, Result>(
    this: StageWithKey<Row, K, 'batch'>,
    name: Name,
    operation: AggregateOperation1<Row, A, Result>,
  ): AggregateBuilder<K, 'batch', { readonly [N in Name]: Result }> {
    return new AggregateBuilder([{ name, input: this as never, operation }], ([, ...others], together) =>
      this.#aggregateAll(others, together),
    );
  }

  /** A processor of one's own, behind an edge that brings the rows of a key to one instance. */
  customTransform<To>(
    name: string,
    supplier: ProcessorSupplier,
    { isCooperative = true }: { readonly isCooperative?: boolean | undefined } = {},
  ): Stage<To, Bounds> {
    const routing = { kind: 'keyed', keyOf: this.keyOf } as const;
    return operatorStage(this.stage, { label: 'custom', name, routing, isCooperative, supplier: () => supplier });
  }

  #aggregateAll<Result>(
    // biome-ignore-start lint/suspicious/noExplicitAny: the callers have checked the types
    others: readonly { readonly stage: Stage<any>; readonly keyOf: (row: any) => Key }[],
    operation: AggregateOperation<any, any, Result>,
    // biome-ignore-end lint/suspicious/noExplicitAny: see above
  ): Stage<Keyed<K, Result>, 'batch'> {
    const all = [this, ...others];
    const node = aggregateNode(this.stage.graph, {
      operation,
      inputs: all.map(({ stage }) => stage.node),
      keyOfs: all.map(({ keyOf }) => keyOf),
      window: undefined,
    });
    return this.stage.derive(node) as Stage<Keyed<K, Result>, 'batch'>;
  }
}
