import { type Catalog, JobFenced, UnknownJob } from '@millrace/catalog';
import { Fenced, type JobDirectory, type JobPlan, type JobStatus, type JobView } from '@millrace/cluster';
import { type ErrorRecord, MillraceError } from '@millrace/kernel';
import { parsePipeline, type UsedDefinition } from '@millrace/pipeline';
import type { JobSpec } from '../job-spec.ts';

/** The catalog as the coordinator sees it. */
export class CatalogJobDirectory implements JobDirectory {
  readonly #catalog: Catalog;
  /** Engine threads of this member. */
  readonly #threads: number;

  constructor(catalog: Catalog, threads: number) {
    this.#catalog = catalog;
    this.#threads = threads;
  }

  async find(jobId: string): Promise<JobView | undefined> {
    return this.#catalog.jobs.find(jobId);
  }

  async begin(jobId: string, generation: number): Promise<boolean> {
    return (await fencing(this.#catalog.jobs.begin(jobId, generation))) !== undefined;
  }

  async setStatus(jobId: string, generation: number, status: JobStatus, error: ErrorRecord | undefined): Promise<void> {
    await fencing(this.#catalog.jobs.setStatus(jobId, generation, status, error));
  }

  async plan(jobId: string): Promise<JobPlan> {
    const { document } = await this.#catalog.jobs.get(jobId);
    const { guarantee, snapshotIntervalMs, stages } = parsePipeline(document);
    const sources: Record<string, UsedDefinition> = {};
    const sinks: Record<string, UsedDefinition> = {};
    for (const stage of stages) {
      if (stage.kind === 'source')
        sources[stage.source] = await this.#catalog.definitions.resolve('source', stage.source);
      if (stage.kind === 'sink') sinks[stage.sink] = await this.#catalog.definitions.resolve('sink', stage.sink);
    }
    const spec: JobSpec = { jobId, document, sources, sinks, threads: this.#threads };
    return { guarantee, snapshotIntervalMs, spec };
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
