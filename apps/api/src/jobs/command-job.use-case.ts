import { Catalog, type Job } from '@millrace/catalog';
import { Injectable } from '@nestjs/common';
import { Executions } from '../queue/executions.ts';

export type JobCommand = 'suspend' | 'resume' | 'restart' | 'cancel';

/** Writes what the user wants of a job and tells the workers. Safe to repeat: the catalog's word counts, the message only saves time. */
@Injectable()
export class CommandJobUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly executions: Executions,
  ) {}

  async execute(command: JobCommand, idOrName: string): Promise<Job> {
    const before = await this.catalog.jobs.get(idOrName);
    const job = await this.catalog.jobs[command](before.id);
    // Nobody holds a job that had stopped: somebody has to take it up. One that is held is told by the poke.
    const hadStopped = before.status === 'SUSPENDED' || before.status === 'FAILED';
    if (hadStopped && job.status === 'NOT_RUNNING') await this.executions.submit(job.id, job.version);
    await this.executions.poke(job.id);
    return job;
  }
}
