import { Dag, type DagBuilder } from '@millrace/engine';
import { assert } from '@millrace/kernel';
import {
  isModuleJob,
  loadPipeline,
  type OpenLetterStore,
  parseModuleJob,
  parsePipeline,
  planGraph,
  planPipeline,
  registeredSuppliers,
  registerPlatformImports,
  toDag,
} from '@millrace/pipeline';
import { connectorsOf } from './connectors.ts';
import type { JobSpec, WarmUpSpec } from './job-spec.ts';

const connectors = await connectorsOf(process.env);

/** What every engine thread imports: the same document gives the same DAG on each. */
export const buildDag: DagBuilder = (spec) => {
  const given = spec as JobSpec | WarmUpSpec;
  if ('warmUpThreads' in given) return new Dag().vertex('idle', () => ({}), { localParallelism: given.warmUpThreads });
  // Threads import modules themselves: closures never travel.
  if (given.moduleUrl !== undefined) registerPlatformImports();
  if (isModuleJob(given.document)) return moduleDag(given);
  return planPipeline(parsePipeline(given.document), {
    ...given,
    registry: connectors,
    letters: letterStores(given.databaseUrl),
  });
};

/** For those who look at rows of a running job. */
export { openSampler } from '@millrace/pipeline';

/** The catalog is loaded only by jobs that set records aside. */
const letterStores =
  (databaseUrl: string): OpenLetterStore =>
  async (stage) => {
    const { CatalogLetterStore } = await import('@millrace/catalog');
    return new CatalogLetterStore(databaseUrl, stage);
  };

async function moduleDag({ document, moduleUrl, ...options }: JobSpec): Promise<Dag> {
  assert(moduleUrl !== undefined, 'the module of a job is on this member');
  const { export: exportName, options: given } = parseModuleJob(document).document;
  const { threads } = options;
  const { graph } = await loadPipeline({ module: moduleUrl, exportName, options: given, threads });
  const letters = letterStores(options.databaseUrl);
  const registered = registeredSuppliers({ ...options, registry: connectors, letters });
  return toDag(planGraph(graph, { threads, registered }));
}
