import { jdbcSink } from '@millrace/connector-jdbc';
import { postgresSource } from '@millrace/connector-postgres';
import { Dag, type DagBuilder, type Processor, type ProcessorSupplier } from '@millrace/engine';
import { CountingSink } from './counting-sink.ts';
import { type BenchJob, SINK_VERTEX, SOURCE_VERTEX } from './job-spec.ts';

/** Notes when the sink started; everything else is the sink's own. */
function timed(supplier: ProcessorSupplier): ProcessorSupplier {
  return (instance) => {
    const sink: Processor = supplier(instance);
    const init = sink.init?.bind(sink);
    sink.init = (context) => {
      context.metrics.set('startedAtMs', context.clock.nowMs());
      return init?.(context);
    };
    return sink;
  };
}

export const buildDag: DagBuilder = (spec) => {
  const bench = spec as BenchJob;
  const job = { jobId: bench.jobId, jobName: 'bench' };
  const connection = (database: BenchJob['source']) => {
    const { password, ...rest } = database;
    return { ...rest, ssl: 'disable', ...(password === undefined ? {} : { password }) };
  };
  const source = postgresSource.createSource({
    config: postgresSource.config.parse(connection(bench.source)),
    stage: postgresSource.stage.parse({ tables: ['public.orders'], initialLoad: bench.initialLoad }),
    job: { ...job, stage: SOURCE_VERTEX },
    sinksShowRowsAtOnce: bench.sink !== 'counting',
  });
  const sink =
    bench.sink === 'counting'
      ? () => new CountingSink(bench.rows)
      : timed(
          jdbcSink.createSink({
            config: jdbcSink.config.parse(connection(bench.sink)),
            stage: jdbcSink.stage.parse(bench.sinkStage ?? { mode: 'upsert' }),
            job: { ...job, stage: SINK_VERTEX },
          }),
        );
  return new Dag().vertex(SOURCE_VERTEX, source).vertex(SINK_VERTEX, sink).edge(SOURCE_VERTEX, SINK_VERTEX);
};
