import { jdbcSink } from '@millrace/connector-jdbc';
import { kafkaSink } from '@millrace/connector-kafka';
import { postgresSource } from '@millrace/connector-postgres';
import { Dag, type DagBuilder, type Processor, type ProcessorSupplier } from '@millrace/engine';
import type { DatabaseConnection } from '@millrace/testing';
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
  const connection = (database: DatabaseConnection) => {
    const { password, ...rest } = database;
    return { ...rest, ssl: 'disable', ...(password === undefined ? {} : { password }) };
  };
  const source = postgresSource.createSource({
    config: postgresSource.config.parse(connection(bench.source)),
    stage: postgresSource.stage.parse({ tables: ['public.orders'], initialLoad: bench.initialLoad }),
    job: { ...job, stage: SOURCE_VERTEX },
    sinksShowRowsAtOnce: bench.sink !== 'counting' && !('brokers' in bench.sink),
  });
  const sink = (): ProcessorSupplier => {
    if (bench.sink === 'counting') return () => new CountingSink(bench.rows);
    const identity = { ...job, stage: SINK_VERTEX };
    if ('brokers' in bench.sink) {
      const { brokers, stage } = bench.sink;
      const config = kafkaSink.config.parse({ brokers: [brokers] });
      return timed(kafkaSink.createSink({ config, stage: kafkaSink.stage.parse(stage), job: identity }));
    }
    const config = jdbcSink.config.parse(connection(bench.sink));
    return timed(
      jdbcSink.createSink({
        config,
        stage: jdbcSink.stage.parse(bench.sinkStage ?? { mode: 'upsert' }),
        job: identity,
      }),
    );
  };
  return new Dag().vertex(SOURCE_VERTEX, source).vertex(SINK_VERTEX, sink()).edge(SOURCE_VERTEX, SINK_VERTEX);
};
