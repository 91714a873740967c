import { errorCode, MillraceError } from '@millrace/kernel';
import { assignTimestamps } from '@millrace/operators';
import type { GraphNode } from '../graph/graph-node.ts';
import type { PipelineGraph } from '../graph/pipeline-graph.ts';
import { setParallelism } from './set-parallelism.ts';
import { Stage, type StreamStage } from './stage.ts';

export const NoNativeTimestamps = errorCode('pipeline.no_native_timestamps', {
  domain: 'user',
  retry: 'never',
  title: 'The source has no event times of its own',
});

/** How long a source may be without rows before others no longer wait for it. */
const IDLE_MS = 60_000;

export interface TimestampOptions {
  /** After so long without rows an instance is idle, and nobody waits for its watermark. Milliseconds by the wall clock; default one minute. */
  readonly idleMs?: number | undefined;
}

/** A stream as it leaves its source: the first thing to say is what time its rows have. */
export class StreamSourceStage<Row> {
  readonly #graph: PipelineGraph;
  readonly #node: GraphNode;
  readonly #isTimestamped: boolean;

  /** @internal */
  constructor(graph: PipelineGraph, node: GraphNode, isTimestamped: boolean) {
    this.#graph = graph;
    this.#node = node;
    this.#isTimestamped = isTimestamped;
  }

  /** Event time is what `fn` says, milliseconds since 1970; a row may come up to `allowedLagMs` later than newer ones. */
  withTimestamps(fn: (row: Row) => number, allowedLagMs: number, options: TimestampOptions = {}): StreamStage<Row> {
    return this.#timed('fn', fn, allowedLagMs, options);
  }

  /** Event time is the time the row is read. */
  withIngestionTimestamps(options: TimestampOptions = {}): StreamStage<Row> {
    return this.#timed('ingestion', undefined, 0, options);
  }

  /**
   * Event time is what the source says; its own watermarks are kept, and where it sends none they follow the newest row by `allowedLagMs`.
   * @throws MillraceError `pipeline.no_native_timestamps`
   */
  withNativeTimestamps(allowedLagMs: number, options: TimestampOptions = {}): StreamStage<Row> {
    if (!this.#isTimestamped) {
      throw new MillraceError(NoNativeTimestamps, {
        message: `source "${this.#node.name}" has no event times of its own`,
        mend: 'Use withTimestamps(row => row.time, allowedLag) or withIngestionTimestamps().',
      });
    }
    return this.#timed('native', undefined, allowedLagMs, options);
  }

  /** No windows: rows have no event time. */
  withoutTimestamps(): StreamStage<Row> {
    return new Stage<Row, 'stream'>(this.#graph, this.#node);
  }

  setName(name: string): this {
    this.#node.name = name;
    return this;
  }

  setLocalParallelism(instances: number): this {
    setParallelism(this.#node, instances);
    return this;
  }

  #timed(
    from: 'fn' | 'ingestion' | 'native',
    fn: ((row: Row) => number) | undefined,
    allowedLagMs: number,
    { idleMs = IDLE_MS }: TimestampOptions,
  ): StreamStage<Row> {
    const node = this.#graph.add({
      kind: 'operator',
      label: `timestamps (${from})`,
      name: this.#graph.freeName('timestamps'),
      inputs: [this.#node],
      parallelism: 'inherit',
      routings: [{ kind: 'local' }],
      isCooperative: true,
      assignsTime: true,
      supplier: (mode) => assignTimestamps({ from, timestampOf: fn, allowedLagMs, idleMs, mode }),
    });
    return new Stage<Row, 'stream'>(this.#graph, node);
  }
}
