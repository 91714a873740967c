import type { ProcessorSupplier } from '@millrace/engine';
import type { SinkDefinition } from '@millrace/operators';
import type { FusedNode, GraphNode, Parallelism, SinkNode } from '../graph/graph-node.ts';
import type { PipelineGraph } from '../graph/pipeline-graph.ts';
import { setParallelism } from './set-parallelism.ts';

/** Where rows end. */
export interface Sink<in Row> {
  readonly name: string;
  readonly parallelism: Parallelism;
  readonly sink: SinkNode['sink'];
  readonly policy?: SinkNode['policy'];
  /** What rows are made into for it. */
  readonly encode?: Extract<FusedNode['stage'], { transform: unknown }>['transform'] | undefined;
  /** Only for the type: what it takes. */
  readonly takes?: ((row: Row) => void) | undefined;
}

export interface SinkOptions {
  readonly parallelism?: Parallelism | undefined;
}

/** Ready-made sinks, and sinks of functions or of a processor of one's own. */
export const Sinks = {
  fromProcessor<Row>(name: string, supplier: ProcessorSupplier, options: SinkOptions = {}): Sink<Row> {
    return { name, parallelism: options.parallelism ?? 'inherit', sink: { kind: 'processor', supplier } };
  },

  of<State, Row>(name: string, definition: SinkDefinition<State, Row>, options: SinkOptions = {}): Sink<Row> {
    const built = { kind: 'built', definition: definition as unknown as SinkDefinition<never, never> } as const;
    return { name, parallelism: options.parallelism ?? 'inherit', sink: built };
  },

  /** Calls a function for each row, on the thread where the row is. */
  forEach<Row>(receive: (row: Row, timeMs: number) => void): Sink<Row> {
    return Sinks.of<undefined, Row>('forEach', {
      create: () => undefined,
      receive: (_, row, timeMs) => receive(row, timeMs),
    });
  },

  /** Writes each row to the standard output, or what `format` makes of it. */
  logger<Row>(format: (row: Row) => string = (row) => JSON.stringify(row)): Sink<Row> {
    return Sinks.of<undefined, Row>('logger', {
      create: () => undefined,
      receive: (_, row) => console.log(format(row)),
    });
  },

  /** Drops everything: to measure what comes before. */
  noop<Row>(): Sink<Row> {
    return Sinks.of<undefined, Row>('noop', { create: () => undefined, receive: () => undefined });
  },
};

/** The end of a branch, or of several. */
export class SinkStage {
  readonly #node: GraphNode;

  /** @internal Several inputs are merged first. */
  constructor(graph: PipelineGraph, inputs: readonly GraphNode[], sink: Sink<never>) {
    const [first] = inputs;
    const merged =
      inputs.length === 1
        ? first!
        : graph.add({ kind: 'merge', name: graph.freeName('merge'), inputs, parallelism: 'inherit' });
    const input = sink.encode === undefined ? merged : encoded(graph, merged, sink.name, sink.encode);
    this.#node = graph.add({
      kind: 'sink',
      name: graph.freeName(sink.name),
      inputs: [input],
      parallelism: sink.parallelism,
      policy: sink.policy,
      sink: sink.sink,
    });
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

/** Rows as objects, whatever form they came in, then as the sink takes them. */
function encoded(
  graph: PipelineGraph,
  input: GraphNode,
  name: string,
  encode: NonNullable<Sink<never>['encode']>,
): GraphNode {
  const parts = { kind: 'fused', parallelism: 'inherit' } as const;
  const rows = graph.add({
    ...parts,
    label: 'rows',
    name: graph.freeName(`${name}-rows`),
    inputs: [input],
    stage: { map: (row: object) => row },
  });
  return graph.add({
    ...parts,
    label: 'encode',
    name: graph.freeName(`${name}-changes`),
    inputs: [rows],
    stage: { transform: encode },
  });
}
