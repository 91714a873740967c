import { type AggregateOperation1, fusedLoop, type Key, type WindowDefinition } from '@millrace/operators';
import type { FusedNode, GraphNode } from '../graph/graph-node.ts';
import type { PipelineGraph } from '../graph/pipeline-graph.ts';
import { aggregateNode } from './aggregate-node.ts';
import { setParallelism } from './set-parallelism.ts';
import type { Sink } from './sinks.ts';
import { StageWithKey } from './stage-with-key.ts';
import { StageWithWindow } from './stage-with-window.ts';

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
  map<To>(fn: (row: Row) => To): Stage<To, Bounds> {
    return this.#fused('map', { map: fn });
  }

  /** Rows of which `fn` is true. */
  filter<To extends Row>(fn: (row: Row) => row is To): Stage<To, Bounds>;
  filter(fn: (row: Row) => boolean): Stage<Row, Bounds>;
  filter(fn: (row: Row) => boolean): Stage<Row, Bounds> {
    return this.#fused('filter', { filter: fn });
  }

  /** Any number of rows for each row. */
  flatMap<To>(fn: (row: Row) => Iterable<To>): Stage<To, Bounds> {
    return this.#fused('flatMap', { flatMap: fn });
  }

  /** Looks at each row, with its event time, and lets it pass. */
  peek(fn: (row: Row, timeMs: number | undefined) => void): Stage<Row, Bounds> {
    return this.#fused('peek', { peek: fn });
  }

  /** What follows is done by key. */
  groupingKey<K extends Key>(keyOf: (row: Row) => K): StageWithKey<Row, K, Bounds> {
    return new StageWithKey(this, keyOf);
  }

  /** One result for all rows, when the input has ended. */
  aggregate<A, Result>(
    this: Stage<Row, 'batch'>,
    operation: AggregateOperation1<Row, A, Result>,
  ): Stage<Result, 'batch'> {
    return this.derive(
      aggregateNode(this.graph, { operation, inputs: [this.node], keyOfs: undefined, window: undefined }),
    );
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

  /** Spreads rows evenly over `threads` instances (or as many as `setLocalParallelism` says); their order is lost. */
  rebalance(): Stage<Row, Bounds> {
    return this.derive({
      kind: 'operator',
      label: 'rebalance',
      name: this.graph.freeName('rebalance'),
      inputs: [this.node],
      parallelism: 'threads',
      routings: [{ kind: 'spread' }],
      isCooperative: true,
      supplier: () => fusedLoop([]),
    });
  }

  /** The stage as `fn` goes on with it: for steps that several pipelines share. */
  apply<To>(fn: (stage: Stage<Row, Bounds>) => To): To {
    return fn(this);
  }

  /** Ends here. */
  writeTo(sink: Sink<Row>): SinkStage {
    const node = this.graph.add({
      kind: 'sink',
      name: this.graph.freeName(sink.name),
      inputs: [this.node],
      parallelism: sink.parallelism,
      sink: sink.sink,
    });
    return new SinkStage(node);
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

  #fused<To>(label: string, stage: FusedNode['stage']): Stage<To, Bounds> {
    const name = this.graph.freeName(label);
    return this.derive({ kind: 'fused', label, name, inputs: [this.node], parallelism: 'inherit', stage });
  }
}

/** The end of a branch. */
export class SinkStage {
  readonly #node: GraphNode;

  /** @internal */
  constructor(node: GraphNode) {
    this.#node = node;
  }

  setName(name: string): this {
    this.#node.name = name;
    return this;
  }

  setLocalParallelism(instances: number): this {
    setParallelism(this.#node, instances);
    return this;
  }
}
