import { Dag, type DagBuilder, type OpenSampler, type Partitioner, type Routing } from '@millrace/engine';
import { BrokenProcessor } from './broken-processor.ts';
import { Doubler, PassThrough } from './doubler.ts';
import { byKey, KeyCounter } from './key-counter.ts';
import { RangeSource, type RangeSpec } from './range-source.ts';
import { CountingSink, TotalSink } from './sinks.ts';

export interface TestSpec extends RangeSpec {
  readonly dag: string;
  readonly sources?: number;
  readonly sinks?: number;
  readonly routing?: Exclude<Routing['kind'], 'partitioned'>;
  readonly queueRowsMax?: number;
  readonly isHeld?: boolean;
  readonly isCooperative?: boolean;
  readonly brokenIn?: string;
}

const DAGS: Readonly<Record<string, (spec: TestSpec) => Dag>> = {
  /** Sources, partitioned to counters, all to one sink. */
  counting: (spec: TestSpec) =>
    new Dag()
      .vertex('source', (instance) => new RangeSource(spec, instance), { localParallelism: spec.sources ?? 1 })
      .vertex('counter', () => new KeyCounter(spec.board), { localParallelism: spec.sinks ?? 1 })
      .vertex('sink', () => new TotalSink(spec.board))
      .edge('source', 'counter', {
        routing: { kind: 'partitioned', partitioner: byKey as Partitioner },
        ...(spec.queueRowsMax === undefined ? {} : { queueRowsMax: spec.queueRowsMax }),
      })
      .edge('counter', 'sink', { routing: { kind: 'all-to-one' } }),

  /** Sources over one edge to sinks. */
  routed: (spec: TestSpec) =>
    new Dag()
      .vertex('source', (instance) => new RangeSource(spec, instance), { localParallelism: spec.sources ?? 1 })
      .vertex('sink', () => new CountingSink(spec.board, spec), { localParallelism: spec.sinks ?? 1 })
      .edge('source', 'sink', {
        routing: { kind: spec.routing ?? 'unicast' },
        ...(spec.queueRowsMax === undefined ? {} : { queueRowsMax: spec.queueRowsMax }),
      }),

  /** Two sources into one sink, the second edge drained first; the source of that edge needs a commit to end. */
  prioritized: (spec: TestSpec) =>
    new Dag()
      .vertex('gated', (instance) => new RangeSource(spec, instance))
      .vertex('free', (instance) => new RangeSource({ ...spec, rowsPerCommit: undefined }, instance))
      .vertex('sink', () => new CountingSink(spec.board))
      .edge('gated', 'sink', { priority: -1 })
      .edge('free', 'sink', { priority: 0 }),

  /** A fork: one source to two sinks. */
  forked: (spec: TestSpec) =>
    new Dag()
      .vertex('source', (instance) => new RangeSource(spec, instance))
      .vertex('double', () => new Doubler())
      .vertex('sink', () => new CountingSink(spec.board), { localParallelism: spec.sinks ?? 1 })
      .edge('source', 'double')
      .edge('source', 'sink', { routing: { kind: 'broadcast' } })
      .edge('double', 'sink'),

  broken: (spec: TestSpec) =>
    new Dag()
      .vertex('source', (instance) => new RangeSource(spec, instance))
      .vertex('broken', () => new BrokenProcessor(spec.board, spec.brokenIn ?? ''))
      .vertex('sink', () => new CountingSink(spec.board, spec), { localParallelism: spec.sinks ?? 2 })
      .edge('source', 'broken')
      .edge('broken', 'sink', {
        routing: { kind: spec.routing ?? 'broadcast' },
        ...(spec.queueRowsMax === undefined ? {} : { queueRowsMax: spec.queueRowsMax }),
      }),

  cyclic: () =>
    new Dag()
      .vertex('a', () => new PassThrough())
      .vertex('b', () => new PassThrough())
      .edge('a', 'b')
      .edge('b', 'a'),
};

export const buildDag: DagBuilder = (spec) => DAGS[(spec as TestSpec).dag]!(spec as TestSpec);

/** Shows numbers; refuses the filter `broken` at its first batch. */
export const openSampler: OpenSampler =
  ({ filter }) =>
  (batch, rowsMax) => {
    if (filter === 'broken') throw new Error('the filter is broken');
    const rows = batch.kind === 'rows' ? batch.rows.slice(0, rowsMax) : [];
    return { rows, examined: rows.length };
  };
