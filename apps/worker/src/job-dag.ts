import { Dag, type DagBuilder } from '@millrace/engine';
import { parsePipeline, planPipeline } from '@millrace/pipeline';
import { connectors } from './connectors.ts';
import type { JobSpec, WarmUpSpec } from './job-spec.ts';

/** What every engine thread imports: the same document gives the same DAG on each. */
export const buildDag: DagBuilder = (spec) => {
  const given = spec as JobSpec | WarmUpSpec;
  if ('warmUpThreads' in given) return new Dag().vertex('idle', () => ({}), { localParallelism: given.warmUpThreads });
  const { document, ...options } = given;
  return planPipeline(parsePipeline(document), { ...options, registry: connectors });
};
