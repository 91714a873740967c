import { type Catalog, JobFenced, UnknownJob } from '@millrace/catalog';
import { Fenced, type JobDirectory, type JobOutcome, type JobPlan, type JobView } from '@millrace/cluster';
import { MillraceError } from '@millrace/kernel';
import {
  isModuleJob,
  letterCopies,
  type ParsedModuleJob,
  parseModuleJob,
  parsePipeline,
  type UsedDefinition,
  type UsedStage,
} from '@millrace/pipeline';
import type { JobSpec } from '../job-spec.ts';
import type { ModuleCache } from './module-cache.ts';

/** The catalog as the coordinator sees it. */
export class CatalogJobDirectory implements JobDirectory {
  readonly #catalog: Catalog;
  readonly #modules: ModuleCache;
  /** Of this member. */
  readonly #name: string;
  readonly #member: Pick<JobSpec, 'threads' | 'databaseUrl'>;

  constructor(
    catalog: Catalog,
    modules: ModuleCache,
    { threads, databaseUrl, name }: Pick<JobSpec, 'threads' | 'databaseUrl'> & { readonly name: string },
  ) {
    this.#name = name;
    this.#modules = modules;
    this.#catalog = catalog;
    this.#member = { threads, databaseUrl };
  }

  async find(jobId: string): Promise<JobView | undefined> {
    return this.#catalog.jobs.find(jobId);
  }

  async begin(jobId: string, generation: number): Promise<boolean> {
    const hasBegun = (await fencing(this.#catalog.jobs.begin(jobId, generation))) !== undefined;
    if (hasBegun) await this.#catalog.executions.began(jobId, generation, this.#name);
    return hasBegun;
  }

  async setStatus(jobId: string, generation: number, { status, error, counts }: JobOutcome): Promise<void> {
    await fencing(this.#catalog.jobs.setStatus(jobId, generation, status, { error, counts }));
    await this.#catalog.executions.told(jobId, generation, status, error);
  }

  async plan(jobId: string): Promise<JobPlan> {
    const { name, document } = await this.#catalog.jobs.get(jobId);
    if (isModuleJob(document)) return this.#modulePlan(jobId, parseModuleJob(document));
    const { guarantee, snapshotIntervalMs, stages, module } = parsePipeline(document);
    const uses = stages.flatMap((stage): Pick<UsedStage, 'role' | 'definition'>[] => {
      if (stage.kind === 'source') return [{ role: stage.kind, definition: stage.source }];
      if (stage.kind === 'enrich') return [{ role: 'source', definition: stage.spec.enrich.source }];
      return stage.kind === 'sink' ? [{ role: stage.kind, definition: stage.sink }] : [];
    });
    const copies = stages.flatMap((stage) => letterCopies(stage) ?? []);
    uses.push(...copies.map(({ definition }) => ({ role: 'sink' as const, definition })));
    const spec: JobSpec = {
      jobId,
      jobName: name,
      document,
      moduleUrl: module === undefined ? undefined : await this.#modules.urlOf(module),
      ...(await this.#resolve(uses)),
      loads: await this.#loads(jobId),
      ...this.#member,
    };
    return { guarantee, snapshotIntervalMs, spec };
  }

  async #modulePlan(jobId: string, { document, snapshotIntervalMs }: ParsedModuleJob): Promise<JobPlan> {
    const { name: jobName, guarantee, module, uses } = document;
    const moduleUrl = await this.#modules.urlOf(module);
    const spec: JobSpec = {
      jobId,
      jobName,
      document,
      moduleUrl,
      ...(await this.#resolve(uses)),
      loads: await this.#loads(jobId),
      ...this.#member,
    };
    return { guarantee, snapshotIntervalMs, spec };
  }

  async #loads(jobId: string): Promise<JobSpec['loads']> {
    const open = await this.#catalog.tableLoads.open(jobId);
    return open.map(({ id, stage, tables }) => ({ id, stage, tables }));
  }

  /** Definitions with their secrets, by name. */
  async #resolve(uses: readonly Pick<UsedStage, 'role' | 'definition'>[]): Promise<Pick<JobSpec, 'sources' | 'sinks'>> {
    const found = { source: {} as Record<string, UsedDefinition>, sink: {} as Record<string, UsedDefinition> };
    for (const { role, definition } of uses) {
      found[role][definition] ??= await this.#catalog.definitions.resolve(role, definition);
    }
    return { sources: found.source, sinks: found.sink };
  }
}

/** The catalog's own words for "you are not the owner any more" in the coordinator's. */
export async function fencing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const isFence = error instanceof MillraceError && (error.code === JobFenced || error.code === UnknownJob);
    if (isFence) throw new MillraceError(Fenced, { message: error.message, details: error.details }, { cause: error });
    throw error;
  }
}
