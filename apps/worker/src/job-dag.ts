import { Dag, type DagBuilder } from '@millrace/engine';
import {
  loadPipeline,
  parseModuleJob,
  parsePipeline,
  planGraph,
  planPipeline,
  registeredSuppliers,
  registerPlatformImports,
  toDag,
} from '@millrace/pipeline';
import { connectors } from './connectors.ts';
import type { JobSpec, WarmUpSpec } from './job-spec.ts';

/** What every engine thread imports: the same document gives the same DAG on each. */
export const buildDag: DagBuilder = (spec) => {
  const given = spec as JobSpec | WarmUpSpec;
  if ('warmUpThreads' in given) return new Dag().vertex('idle', () => ({}), { localParallelism: given.warmUpThreads });
  const { document, moduleUrl, ...options } = given;
  if (moduleUrl !== undefined) return moduleDag(given, moduleUrl);
  return planPipeline(parsePipeline(document), { ...options, registry: connectors });
};

/** The thread imports the module and plans for itself: closures never travel. */
async function moduleDag({ document, ...options }: JobSpec, moduleUrl: string): Promise<Dag> {
  registerPlatformImports();
  const { export: exportName, options: given } = parseModuleJob(document).document;
  const { threads } = options;
  const { graph } = await loadPipeline({ module: moduleUrl, exportName, options: given, threads });
  const registered = registeredSuppliers({ ...options, registry: connectors });
  return toDag(planGraph(graph, { threads, registered }));
}
