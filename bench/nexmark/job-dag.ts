import { type Batch, Dag, type DagBuilder, fused, type Processor } from '@millrace/engine';
import type { Bid } from './events.ts';
import { GeneratorSource } from './generator-source.ts';
import type { NexmarkSpec } from './job-runner.ts';
import { Recorder } from './recorder.ts';
import { PARALLELISM } from './workloads.ts';

/** Until the pipeline API is there: the stateless workload, from rows, on the bare engine. */
export const buildDag: DagBuilder = (spec) => {
  const { workload, form, board } = spec as NexmarkSpec;
  if (workload.pipeline !== 'stateless' || form !== 'rows') throw new Error('this needs the pipeline API');
  const options = { localParallelism: PARALLELISM };
  const source = { workload, form, board, watermarkEveryMs: undefined };
  const sum = (globalIndex: number): Processor => {
    const recorder = new Recorder(board, workload, globalIndex);
    return {
      process(_ordinal, batch: Batch) {
        if (batch.kind === 'rows') for (const row of batch.rows) recorder.bid(row as Bid);
        return true;
      },
      complete() {
        recorder.done();
        return true;
      },
    };
  };
  const stages = fused([
    { map: (bid: Bid): Bid => ({ ...bid, price: Math.floor((bid.price * 908) / 1_000) }) },
    { filter: (bid: Bid) => bid.auction % 123 === 0 },
  ]);
  return new Dag()
    .vertex('bids', ({ globalIndex }) => new GeneratorSource(source, globalIndex), options)
    .vertex('stages', stages, options)
    .vertex('sum', ({ globalIndex }) => sum(globalIndex), options)
    .edge('bids', 'stages', { routing: { kind: 'isolated' } })
    .edge('stages', 'sum', { routing: { kind: 'isolated' } });
};
