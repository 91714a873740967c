import type { ProcessorSupplier } from '@millrace/engine';
import {
  type AggregateOperation,
  type AggregateOperation1,
  fusedLoop,
  type Key,
  type RowStage,
  type ServiceDefinition,
  serviceMap,
  sortRows,
  type WindowDefinition,
} from '@millrace/operators';
import type { GraphNode } from '../graph/graph-node.ts';
import type { PipelineGraph } from '../graph/pipeline-graph.ts';
import { aggregateNode } from './aggregate-node.ts';
import { asyncStage, type CallOptions, type EnrichOptions, enrichStage } from './async-stages.ts';
import { HashJoinBuilder, hashJoinStage, type JoinOn, joinSide } from './join-stages.ts';
import { type RowStageOptions, rowPolicy } from './on-error.ts';
import { operatorStage } from './operator-stage.ts';
import { setParallelism } from './set-parallelism.ts';
import { type Sink, SinkStage } from './sinks.ts';
import { StageWithKey } from './stage-with-key.ts';
import { StageWithWindow } from './stage-with-window.ts';
import { filterStateful, firstOfKey, flatMapStateful, mapStateful, type TimeToLive } from './stateful-stages.ts';
import { tolerantStage } from './tolerant-stage.ts';

/** Whether a stage's input ends (`batch`) or goes on (`stream`). */
export type Boundedness = 'batch' | 'stream';

export type BatchStage<Row> = Stage<Row, 'batch'>;
export type StreamStage<Row> = Stage<Row, 'stream'>;

/** A stage that rows leave (Jet's GeneralStage). Using one twice is a fork: every reader gets every row. */
export class Stage<Row, Bounds extends Boundedness = Boundedness> {
  /** Only for the type: without it a batch would pass for a stream. */
  declare readonly bounds: Bounds;
  /** @internal */
  readonly graph: PipelineGraph;
  /** @internal */
  readonly node: GraphNode;

  /** @internal */
  constructor(graph: PipelineGraph, node: GraphNode) {
    this.graph = graph;
    this.node = node;
  }

  /** A row for each row. */
  map<To>(fn: (row: Row) => To, options?: RowStageOptions<Row>): Stage<To, Bounds> {
    return this.#fused('map', { map: fn }, options);
  }

  /** Rows of which `fn` is true. */
  filter<To extends Row>(fn: (row: Row) => row is To, options?: RowStageOptions<Row>): Stage<To, Bounds>;
  filter(fn: (row: Row) => boolean, options?: RowStageOptions<Row>): Stage<Row, Bounds>;
  filter(fn: (row: Row) => boolean, options?: RowStageOptions<Row>): Stage<Row, Bounds> {
    return this.#fused('filter', { filter: fn }, options);
  }

  /** Any number of rows for each row. */
  flatMap<To>(fn: (row: Row) => Iterable<To>, options?: RowStageOptions<Row>): Stage<To, Bounds> {
    return this.#fused('flatMap', { flatMap: fn }, options);
  }

  /** Looks at each row, with its event time, and lets it pass. */
  peek(fn: (row: Row, timeMs: number | undefined) => void): Stage<Row, Bounds> {
    return this.#fused('peek', { peek: fn });
  }

  /** What follows is done by key. */
  groupingKey<K extends Key>(keyOf: (row: Row) => K): StageWithKey<Row, K, Bounds> {
    return new StageWithKey(this, keyOf);
  }

  /** Rows looked at with one state for all of them, which `fn` changes in place: at most one row for each. Runs as one instance. */
  mapStateful<State, To>(
    create: () => State,
    fn: (state: State, row: Row) => To | undefined,
    ttl?: TimeToLive<State, unknown, To>,
  ): Stage<To, Bounds> {
    return mapStateful({ stage: this, keyOf: undefined }, create, fn, ttl);
  }

  /** The same with any number of rows for each. */
  flatMapStateful<State, To>(
    create: () => State,
    fn: (state: State, row: Row) => Iterable<To>,
    ttl?: TimeToLive<State, unknown, Iterable<To>>,
  ): Stage<To, Bounds> {
    return flatMapStateful({ stage: this, keyOf: undefined }, create, fn, ttl);
  }

  /** Rows of which `fn` is true in view of the state, which it changes in place. */
  filterStateful<State>(
    create: () => State,
    fn: (state: State, row: Row) => boolean,
    { ttlMs }: { readonly ttlMs?: number | undefined } = {},
  ): Stage<Row, Bounds> {
    return filterStateful({ stage: this, keyOf: undefined }, create, fn, ttlMs);
  }

  /** Each row once, by content. Of a stream by a window: `.window(…).distinct()`, or `.groupingKey(…).distinct(withinMs)`. */
  distinct(this: Stage<Row & Key, 'batch'>): Stage<Row, 'batch'> {
    return firstOfKey({ stage: this, keyOf: (row) => row }, undefined);
  }

  /** One result for all rows, when the input has ended. */
  aggregate<A, Result>(
    this: Stage<Row, 'batch'>,
    operation: AggregateOperation1<Row, A, Result>,
  ): Stage<Result, 'batch'> {
    return this.#aggregateAll([], operation);
  }

  /** One result for all rows of two inputs. */
  aggregate2<Other, A, Result>(
    this: Stage<Row, 'batch'>,
    other: Stage<Other, 'batch'>,
    operation: AggregateOperation<readonly [Row, Other], A, Result>,
  ): Stage<Result, 'batch'> {
    return this.#aggregateAll([other], operation);
  }

  /** One result for all rows of three inputs. */
  aggregate3<Second, Third, A, Result>(
    this: Stage<Row, 'batch'>,
    second: Stage<Second, 'batch'>,
    third: Stage<Third, 'batch'>,
    operation: AggregateOperation<readonly [Row, Second, Third], A, Result>,
  ): Stage<Result, 'batch'> {
    return this.#aggregateAll([second, third], operation);
  }

  /** What follows is done by window of event time. */
  window(this: Stage<Row, 'stream'>, window: WindowDefinition): StageWithWindow<Row> {
    return new StageWithWindow(this, window);
  }

  /** This stream and others as one; rows of one stream keep their order. */
  merge(...others: readonly Stage<Row, Bounds>[]): Stage<Row, Bounds> {
    const inputs = [this.node, ...others.map((other) => other.node)];
    return this.derive({ kind: 'merge', name: this.graph.freeName('merge'), inputs, parallelism: 'inherit' });
  }

  /** Each row with its match in a bounded stage, `undefined` without one; once for each match. */
  hashJoin<Right, K extends Key, To>(
    side: Stage<Right, 'batch'>,
    on: JoinOn<Row, Right, K>,
    join: (row: Row, match: Right | undefined) => To,
  ): Stage<To, Bounds> {
    return hashJoinStage(this, [joinSide(side, on, 'left')], join);
  }

  /** The same without the rows that have no match. */
  innerHashJoin<Right, K extends Key, To>(
    side: Stage<Right, 'batch'>,
    on: JoinOn<Row, Right, K>,
    join: (row: Row, match: Right) => To,
  ): Stage<To, Bounds> {
    return hashJoinStage(this, [joinSide(side, on, 'inner')], join);
  }

  /** A hash join with several bounded stages: `.hashJoinBuilder().add(side, on).addInner(other, on).build(join)`. */
  hashJoinBuilder(): HashJoinBuilder<Row, [], Bounds> {
    return new HashJoinBuilder(this, []);
  }

  /**
   * What a call answers for each row; `undefined` drops it. Calls are made several at a time, repeated when they fail, and once more
   * after a restart if their results had not gone on: let them be idempotent.
   */
  mapAsync<To>(
    call: (row: Row, signal: AbortSignal) => Promise<To | undefined>,
    options: CallOptions<Row> = {},
  ): Stage<To, Bounds> {
    return asyncStage(this, { create: () => undefined }, (_, row, signal) => call(row, signal), options);
  }

  /** The same with a service that each instance makes once: a client, a pool. */
  mapUsingServiceAsync<Service, To>(
    service: ServiceDefinition<Service>,
    call: (service: Service, row: Row, signal: AbortSignal) => Promise<To | undefined>,
    options: CallOptions<Row> = {},
  ): Stage<To, Bounds> {
    return asyncStage(this, service, call, options);
  }

  /** A row for each row, by a service that answers at once; `undefined` drops the row. */
  mapUsingService<Service, To>(
    service: ServiceDefinition<Service>,
    fn: (service: Service, row: Row) => To | undefined,
  ): Stage<To, Bounds> {
    const map = (own: Service, row: Row): readonly To[] => {
      const made = fn(own, row);
      return made === undefined ? [] : [made];
    };
    const supplier = (mode: 'generated' | 'interpreted') => serviceMap({ service, map, mode });
    const routing = { kind: 'local' } as const;
    return operatorStage(this, { label: 'mapUsingService', name: 'mapUsingService', routing, supplier });
  }

  /** Each row with what another system knows of its key, through a cache. */
  enrich<Service, Value, To>(
    options: EnrichOptions<Service, Row, Value>,
    combine: (row: Row, value: Value | undefined) => To,
  ): Stage<To, Bounds> {
    return enrichStage(this, options, combine);
  }

  /** All rows in order when the input has ended; equal ones stay in the order they came in. Runs as one instance. */
  sort(this: Stage<Row, 'batch'>, compare?: (a: Row, b: Row) => number): Stage<Row, 'batch'> {
    const supplier = (mode: 'generated' | 'interpreted') => sortRows({ compare, mode });
    return operatorStage(this, { label: 'sort', name: 'sort', routing: { kind: 'one' }, supplier });
  }

  /** A processor of one's own. `isCooperative: false` gives each instance a thread: it may block. */
  customTransform<To>(
    name: string,
    supplier: ProcessorSupplier,
    { isCooperative = true }: { readonly isCooperative?: boolean | undefined } = {},
  ): Stage<To, Bounds> {
    const routing = { kind: 'local' } as const;
    return operatorStage(this, { label: 'custom', name, routing, isCooperative, supplier: () => supplier });
  }

  /**
   * Spreads rows over `threads` instances (or as many as `setLocalParallelism` says): evenly, and their order is lost; or by a key, whose
   * rows stay in order.
   */
  rebalance<K extends Key>(keyOf?: (row: Row) => K): Stage<Row, Bounds> {
    return operatorStage(this, {
      label: 'rebalance',
      name: 'rebalance',
      routing: keyOf === undefined ? { kind: 'spread' } : { kind: 'keyed', keyOf },
      parallelism: 'threads',
      supplier: () => fusedLoop([]),
    });
  }

  /** The stage as `fn` goes on with it: for steps that several pipelines share. */
  apply<To>(fn: (stage: Stage<Row, Bounds>) => To): To {
    return fn(this);
  }

  /** Ends here. Another `writeTo` of the same stage is another sink for the same rows. */
  writeTo(sink: Sink<Row>): SinkStage {
    return new SinkStage(this.graph, [this.node], sink);
  }

  /** Saved state is found by this name: give stages with state one, and keep it. */
  setName(name: string): this {
    this.node.name = name;
    return this;
  }

  /** Instances on each member. */
  setLocalParallelism(instances: number): this {
    setParallelism(this.node, instances);
    return this;
  }

  /** @internal A stage behind this one. */
  derive<To>(node: GraphNode): Stage<To, Bounds> {
    return new Stage<To, Bounds>(this.graph, this.graph.add(node));
  }

  #aggregateAll<Result>(
    // biome-ignore-start lint/suspicious/noExplicitAny: the callers have checked the types
    others: readonly Stage<any, 'batch'>[],
    operation: AggregateOperation<any, any, Result>,
    // biome-ignore-end lint/suspicious/noExplicitAny: see above
  ): Stage<Result, 'batch'> {
    const inputs = [this.node, ...others.map((other) => other.node)];
    const node = aggregateNode(this.graph, { operation, inputs, keyOfs: undefined, window: undefined });
    return new Stage<Result, 'batch'>(this.graph, this.graph.add(node));
  }

  #fused<To>(label: string, stage: RowStage, { onError }: RowStageOptions<Row> = {}): Stage<To, Bounds> {
    const tolerance = rowPolicy(onError);
    if (tolerance !== undefined) return tolerantStage(this, label, stage, tolerance);
    const name = this.graph.freeName(label);
    return this.derive({ kind: 'fused', label, name, inputs: [this.node], parallelism: 'inherit', stage });
  }
}
