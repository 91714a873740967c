import { Catalog, type Job } from '@millrace/catalog';
import type { JobFigures } from '@millrace/cluster';
import { errorCode, MillraceError } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import type { FiguresView } from '../live/figures.schemas.ts';
import { figuresView } from '../live/figures.view.ts';
import { Executions } from '../queue/executions.ts';

export const NoFigures = errorCode('job.no_figures', {
  domain: 'user',
  retry: 'later',
  title: 'No worker runs the job at the moment',
});

/** The live figures of a job, as the member that runs it wrote them within the last seconds. */
@Injectable()
export class ReadFiguresUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly executions: Executions,
  ) {}

  /** @throws MillraceError `job.unknown`, `job.no_figures`, `redis.unavailable` */
  async execute(idOrName: string): Promise<FiguresView> {
    return figuresView(await this.running(await this.catalog.jobs.get(idOrName)));
  }

  /** As the member wrote them. @throws MillraceError `job.no_figures`, `redis.unavailable` */
  async running(job: Job): Promise<JobFigures> {
    const figures = await this.executions.figures(job.id);
    if (figures !== undefined) return figures;
    throw new MillraceError(NoFigures, {
      message: `no worker has told figures of the job "${job.name}" lately; it is ${job.status} (wanted: ${job.desired})`,
      mend:
        job.desired === 'running'
          ? 'Try again in a second; if it stays, look whether a worker is up.'
          : `Start it: POST /api/v1/jobs/${job.name}/resume.`,
      details: { status: job.status, desired: job.desired },
    });
  }
}
