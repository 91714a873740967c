import type { PipelineGraph } from '../graph/pipeline-graph.ts';

/** A stage of a pipeline that names a registered source or sink. */
export interface UsedStage {
  readonly role: 'source' | 'sink';
  /** Name of the stage. */
  readonly stage: string;
  /** Name it is registered under. */
  readonly definition: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The registered sources and sinks of a pipeline. */
export const usedStages = (graph: PipelineGraph): readonly UsedStage[] =>
  graph.nodes.flatMap((node): readonly UsedStage[] => {
    const part = node.kind === 'source' ? node.source : node.kind === 'sink' ? node.sink : undefined;
    if (part?.kind !== 'registered') return [];
    const role = node.kind === 'source' ? 'source' : 'sink';
    return [{ role, stage: node.name, definition: part.definition, options: part.options }];
  });
