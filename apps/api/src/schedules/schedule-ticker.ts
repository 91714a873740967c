import type { Catalog } from '@millrace/catalog';
import type { Clock } from '@millrace/kernel';
import type { Logger } from 'pino';
import type { DeleteJobUseCase } from '../jobs/delete-job.use-case.ts';
import type { RunScheduleUseCase } from './run-schedule.use-case.ts';

const LOOK_MS = 1_000;

interface Parts {
  readonly catalog: Catalog;
  readonly runs: Pick<RunScheduleUseCase, 'takeDue' | 'release'>;
  readonly deleteJob: Pick<DeleteJobUseCase, 'execute'>;
  readonly ids: { next(): string };
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Looks every second for ticks that have come, for runs that have waited and for those that are kept no longer. Each API process has one; they need not know of each
 * other, because the catalog gives each tick to one of them.
 */
export class ScheduleTicker implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #over = new AbortController();
  readonly #loop: Promise<void>;
  #isAway = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#loop = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts;
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        await this.#look();
        if (this.#isAway) log.info('schedules tick again');
        this.#isAway = false;
      } catch (error) {
        if (!this.#isAway)
          log.warn({ err: error }, 'schedules cannot be looked at; their ticks are made up for as each of them says');
        this.#isAway = true;
      }
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { catalog, runs, clock } = this.#parts;
    for (const schedule of await catalog.scheduleRuns.due(new Date(clock.nowMs())))
      await this.#each(`schedule ${schedule.name}`, () => runs.takeDue(schedule));
    for (const { schedule, run } of await catalog.scheduleRuns.ready())
      await this.#each(`schedule ${schedule.name}`, () => runs.release(schedule, run));
    for (const { id, jobId } of await catalog.scheduleRuns.outdated())
      await this.#each(`run ${id}`, () => this.#forget(id, jobId));
  }

  /** First the job: a run whose job is gone is forgotten the next time. */
  async #forget(id: string, jobId: string | null): Promise<void> {
    const { catalog, deleteJob, ids } = this.#parts;
    if (jobId !== null && (await catalog.jobs.find(jobId)) !== undefined) await deleteJob.execute(jobId, ids.next());
    await catalog.scheduleRuns.forget(id);
  }

  /** One that cannot be done now does not hold up the others, and is tried again with the next look. */
  async #each(what: string, work: () => Promise<void>): Promise<void> {
    if (this.#over.signal.aborted) return;
    try {
      await work();
    } catch (error) {
      this.#parts.log.warn({ err: error }, `${what}: tried again in a second`);
    }
  }
}
