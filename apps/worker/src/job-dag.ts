import type { DagBuilder } from '@millrace/engine';
import { parsePipeline, planPipeline } from '@millrace/pipeline';
import { connectors } from './connectors.ts';
import type { JobSpec } from './job-spec.ts';

/** What every engine thread imports: the same document gives the same DAG on each. */
export const buildDag: DagBuilder = (spec) => {
  const { jobId, document, sources, sinks } = spec as JobSpec;
  return planPipeline(parsePipeline(document), { jobId, registry: connectors, sources, sinks });
};
