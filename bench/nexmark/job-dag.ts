import type { DagBuilder } from '@millrace/engine';
import { planGraph, toDag } from '@millrace/pipeline';
import type { NexmarkSpec } from './job-runner.ts';
import { nexmarkPipeline } from './pipelines.ts';
import { PARALLELISM } from './workloads.ts';

/** What the engine's threads import. */
export const buildDag: DagBuilder = (spec) =>
  toDag(planGraph(nexmarkPipeline(spec as NexmarkSpec).graph, { threads: PARALLELISM }));
