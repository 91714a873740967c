import type { DagBuilder } from '@millrace/engine';
import { errorCode, MillraceError } from '@millrace/kernel';
import type { LoopMode } from '@millrace/operators';
import { Pipeline } from '../api/pipeline.ts';
import { planGraph, toDag } from '../planner/plan-graph.ts';

export const ModuleWithoutPipeline = errorCode('pipeline.module_without_pipeline', {
  domain: 'user',
  retry: 'never',
  title: 'The module exports no pipeline',
});

/** What an engine thread needs to build the DAG of a pipeline written in TypeScript. Plain data. */
export interface ModuleSpec {
  /** URL of the module. A new version has a new URL, because modules are cached. */
  readonly module: string;
  /** Name of the export: a `Pipeline`, or a function that gets `options` and returns one. Default `default`. */
  readonly exportName?: string | undefined;
  readonly options?: unknown;
  readonly threads: number;
  readonly mode?: LoopMode | undefined;
}

/** Every engine thread imports the module and plans for itself: the same module gives the same DAG. */
export const buildDag: DagBuilder = async (spec) => {
  const { threads, mode } = spec as ModuleSpec;
  const pipeline = await loadPipeline(spec as ModuleSpec);
  return toDag(planGraph(pipeline.graph, { threads, mode }), mode);
};

/** @throws MillraceError `pipeline.module_without_pipeline` */
export async function loadPipeline({ module, exportName = 'default', options }: ModuleSpec): Promise<Pipeline> {
  const exports = (await import(module)) as Readonly<Record<string, unknown>>;
  const exported = exports[exportName];
  const pipeline = typeof exported === 'function' ? await exported(options) : exported;
  if (pipeline instanceof Pipeline) return pipeline;
  throw new MillraceError(ModuleWithoutPipeline, {
    message: `the module's export "${exportName}" is not a pipeline${exported === undefined ? ': there is none of that name' : ''}`,
    mend: 'Export one: export default () => { const p = Pipeline.create(); …; return p; }',
    details: { exports: Object.keys(exports) },
  });
}
