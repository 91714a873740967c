import { Catalog } from '@millrace/catalog';
import { MillraceError, systemClock } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import { CommandJobUseCase } from '../jobs/command-job.use-case.ts';
import { DeleteJobUseCase } from '../jobs/delete-job.use-case.ts';
import type { DeletedJobView } from '../jobs/job.schemas.ts';
import { stagesOf } from './subscription-document.ts';

/** How long a request waits for the job to end. */
const END_MS_MAX = 15_000;
const LOOK_AGAIN_MS = 100;

/** Ends the job of a subscription and deletes it with everything that waits. Asked again, it goes on where it stopped. */
@Injectable()
export class DeleteSubscriptionUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly commandJob: CommandJobUseCase,
    private readonly deleteJob: DeleteJobUseCase,
  ) {}

  /** @throws MillraceError `subscription.unknown`; `job.active` when no worker ends the job in time */
  async execute(idOrName: string, requestId: string): Promise<DeletedJobView> {
    const job = await this.catalog.jobs.get(idOrName);
    stagesOf(job);
    if (job.desired !== 'cancelled' && job.status !== 'COMPLETED') await this.commandJob.execute('cancel', job.id);
    const deadline = systemClock.monotonicMs() + END_MS_MAX;
    for (;;) {
      try {
        return await this.deleteJob.execute(job.id, requestId);
      } catch (error) {
        const isActive = error instanceof MillraceError && error.code.code === 'job.active';
        if (!isActive || systemClock.monotonicMs() > deadline) throw error;
        await systemClock.sleep(LOOK_AGAIN_MS);
      }
    }
  }
}
