import { parseArgs } from 'node:util';
import type { Collector } from './jet.ts';
import { type Workload, workloads } from './workloads.ts';

export interface NexmarkOptions {
  readonly jetFolder: string | undefined;
  readonly workloads: readonly Workload[];
  /** Alternating runs of Jet and ours. */
  readonly pairs: number;
  /** Measured runs in one process, after one that warms up. */
  readonly runs: number;
  readonly isQuick: boolean;
  /** Of Jet, where latency counts; throughput has the parallel one. */
  readonly latencyCollector: Collector;
  /** Jet's heap grows as needed: its memory can be compared, its speed less so. */
  readonly isHeapGrowing: boolean;
  readonly isSaved: boolean;
}

const USAGE = `usage: npm run -s bench -- nexmark --vs jet [--jet DIR] [--workloads A,B10k,B1M,C,C2,D10k-250k,D10k-500k,D1M,E]
  [--pairs 3] [--runs 3] [--quick] [--latency-gc G1|Parallel] [--memory] [--save]`;

export function nexmarkOptions(args: readonly string[]): NexmarkOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      vs: { type: 'string', default: 'jet' },
      jet: { type: 'string' },
      workloads: { type: 'string' },
      pairs: { type: 'string' },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'latency-gc': { type: 'string', default: 'G1' },
      memory: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  });
  const known = workloads(values.quick);
  const chosen = values.workloads?.split(',') ?? known.map(({ name }) => name);
  const unknown = chosen.filter((name) => !known.some((workload) => workload.name === name));
  const collector = values['latency-gc'];
  if (values.vs !== 'jet' || unknown.length > 0 || (collector !== 'G1' && collector !== 'Parallel')) {
    throw new Error(USAGE);
  }
  return {
    jetFolder: values.jet,
    workloads: known.filter(({ name }) => chosen.includes(name)),
    pairs: Number(values.pairs ?? (values.quick ? 1 : 3)),
    runs: Number(values.runs ?? (values.quick ? 1 : 3)),
    isQuick: values.quick,
    latencyCollector: collector,
    isHeapGrowing: values.memory,
    isSaved: values.save,
  };
}
