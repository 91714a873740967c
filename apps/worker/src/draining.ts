import type { MemberState } from '@millrace/cluster';
import type { Logger } from 'pino';
import type { RunningJobs } from './jobs/running-jobs.ts';
import type { ExecutionQueue } from './queue/execution.queue-handler.ts';

interface DrainingParts {
  readonly queue: Pick<ExecutionQueue, 'pause' | 'resume'>;
  readonly jobs: Pick<RunningJobs, 'giveAway' | 'takeAgain' | 'list'>;
  readonly log: Logger;
}

/** Gives the jobs of this member to others when it is asked to, each with a last snapshot, and takes none until that is undone. */
export class Draining {
  readonly #parts: DrainingParts;
  #isDraining = false;

  constructor(parts: DrainingParts) {
    this.#parts = parts;
  }

  get state(): MemberState {
    if (!this.#isDraining) return 'active';
    return this.#parts.jobs.list().length > 0 ? 'draining' : 'drained';
  }

  /** Makes it so; nothing when it is so. */
  async follow(isAsked: boolean): Promise<void> {
    if (isAsked === this.#isDraining) return;
    const { queue, jobs, log } = this.#parts;
    this.#isDraining = isAsked;
    if (isAsked) {
      log.info({ jobs: jobs.list().length }, 'draining: jobs go to other members');
      await queue.pause();
      jobs.giveAway();
    } else {
      log.info('drain undone: takes jobs again');
      jobs.takeAgain();
      await queue.resume();
    }
  }
}
