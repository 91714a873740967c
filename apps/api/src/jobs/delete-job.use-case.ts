import { Catalog, type Job } from '@millrace/catalog';
import { ConnectorRegistry } from '@millrace/connector-contract';
import { InternalError, MillraceError } from '@millrace/kernel';
import { checkInput, isModuleJob, parseModuleJob, stagesOfUses } from '@millrace/pipeline';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { Executions } from '../queue/executions.ts';
import { LOGGER } from '../tokens.ts';
import type { DeletedJobView } from './job.schemas.ts';
import { type StageDefinition, stageDefinitions } from './stage-definitions.ts';

const DISPOSE_MS_MAX = 15_000;

/**
 * Deletes a job that is not active, with what it made for itself at other systems (slots, progress rows). A system that is away does not keep the job: what is left there
 * is told. Dying half-way leaves a cancelled job that can be deleted again.
 */
@Injectable()
export class DeleteJobUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly registry: ConnectorRegistry,
    private readonly executions: Executions,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  async execute(idOrName: string, requestId: string, expectedVersion?: number): Promise<DeletedJobView> {
    const job = await this.catalog.jobs.retire(idOrName, expectedVersion);
    const leftovers: DeletedJobView['leftovers'] = [];
    const document = isModuleJob(job.document)
      ? { stages: stagesOfUses(parseModuleJob(job.document).document.uses) }
      : job.document;
    const { stages } = await stageDefinitions(document, this.catalog, this.registry);
    for (const stage of stages) {
      try {
        await this.#dispose(job, stage);
      } catch (error) {
        leftovers.push(this.#leftover(job, stage, error));
      }
    }
    try {
      await this.executions.forget(job.id);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      const mend = `Remove the keys that match millrace:{${job.id}}:* from Redis when it is back.`;
      leftovers.push({ stage: '', code: error.code.code, detail: `the snapshots are left: ${error.message}`, mend });
    }
    const deadLetters = await this.catalog.deadLetters.removeAll(job, requestId);
    await this.catalog.jobs.delete(job.id);
    return { id: job.id, name: job.name, leftovers, deadLetters };
  }

  async #dispose(job: Job, { stage, role, definition, connector, options }: StageDefinition): Promise<void> {
    // A look-up has made nothing at its system.
    if (connector.dispose === undefined || Object.keys(options as object).length === 0) return;
    const { config } = await this.catalog.definitions.resolveDefinition(role, definition);
    const checked = checkInput(connector.config, config);
    if (checked.value === undefined) throw new Error(checked.issues.map(({ message }) => message).join('; '));
    const identity = { jobId: job.id, jobName: job.name, stage };
    const resolved = { config: checked.value as never, stage: options as never, job: identity };
    await connector.dispose(resolved, AbortSignal.timeout(DISPOSE_MS_MAX));
  }

  #leftover(job: Job, { stage, definition }: StageDefinition, error: unknown): DeletedJobView['leftovers'][number] {
    const mend = `Remove by hand at ${definition.name} what carries the job's id ${job.id.toLowerCase()}: replication slot, publication, progress rows.`;
    if (error instanceof MillraceError && error.code.domain !== 'internal') {
      return {
        stage,
        code: error.code.code,
        detail: error.message,
        mend: error.mend === undefined ? mend : `${error.mend} ${mend}`,
      };
    }
    this.log.error({ jobId: job.id, stage, err: error }, 'cleaning up after a deleted job failed');
    return {
      stage,
      code: InternalError.code,
      detail: `cleaning up at ${definition.name} failed; the log of the api has the reason`,
      mend,
    };
  }
}
