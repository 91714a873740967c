import { PipelineGraph } from '../graph/pipeline-graph.ts';
import { type Sink, SinkStage } from './sinks.ts';
import type { BatchSource, StreamSource } from './sources.ts';
import { type BatchStage, Stage } from './stage.ts';
import { StreamSourceStage } from './stream-source-stage.ts';

/**
 * A dataflow from sources over stages to sinks (Jet's Pipeline). It only describes: the planner makes a DAG of it, the same on every
 * thread, and the engine runs that.
 */
export class Pipeline {
  /** @internal */
  readonly graph = new PipelineGraph();

  private constructor() {}

  static create(): Pipeline {
    return new Pipeline();
  }

  readFrom<Row>(source: BatchSource<Row>): BatchStage<Row>;
  readFrom<Row>(source: StreamSource<Row>): StreamSourceStage<Row>;
  readFrom<Row>(source: BatchSource<Row> | StreamSource<Row>): BatchStage<Row> | StreamSourceStage<Row> {
    const read = this.graph.add({
      kind: 'source',
      name: this.graph.freeName(source.name),
      inputs: [],
      parallelism: source.parallelism,
      isBounded: source.isBounded,
      policy: source.policy,
      source: source.source,
    });
    const node =
      source.decode === undefined
        ? read
        : this.graph.add({
            kind: 'fused',
            label: 'decode',
            name: this.graph.freeName(`${source.name}-rows`),
            inputs: [read],
            parallelism: 'inherit',
            stage: { transform: source.decode },
          });
    if (source.isBounded) return new Stage<Row, 'batch'>(this.graph, node);
    return new StreamSourceStage<Row>(this.graph, node, source.isTimestamped);
  }

  /** One sink for the rows of several stages. */
  writeTo<Row>(sink: Sink<Row>, first: Stage<Row>, ...others: readonly Stage<Row>[]): SinkStage {
    return new SinkStage(
      this.graph,
      [first, ...others].map(({ node }) => node),
      sink,
    );
  }
}
