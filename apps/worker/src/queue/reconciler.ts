import type { Catalog } from '@millrace/catalog';
import { type Clock, systemClock } from '@millrace/kernel';
import type { Logger } from 'pino';
import type { RunningJobs } from '../jobs/running-jobs.ts';
import type { ExecutionQueue } from './execution.queue-handler.ts';

const LOOK_INTERVAL_MS = 2_000;

/**
 * Puts jobs on the queue that should run (or should have ended) and have no task there: a task that got lost costs seconds, nothing else. A job must be
 * missing at two looks in a row, because whoever submits it writes the catalog first and the queue then.
 */
export class Reconciler {
  readonly #catalog: Catalog;
  readonly #queue: ExecutionQueue;
  readonly #jobs: RunningJobs;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  #missing: ReadonlySet<string> = new Set();
  #loop: Promise<void> = Promise.resolve();
  #isAway = false;

  constructor(
    parts: { catalog: Catalog; queue: ExecutionQueue; jobs: RunningJobs; log: Logger },
    clock: Clock = systemClock,
  ) {
    this.#catalog = parts.catalog;
    this.#queue = parts.queue;
    this.#jobs = parts.jobs;
    this.#log = parts.log;
    this.#clock = clock;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        await this.look();
        if (this.#isAway) this.#log.info('the metadata database is back');
        this.#isAway = false;
      } catch (error) {
        if (!this.#isAway) this.#log.warn({ err: error }, 'jobs cannot be looked at; running ones go on');
        this.#isAway = true;
      }
      await this.#clock.sleep(LOOK_INTERVAL_MS, signal).catch(() => undefined);
    }
  }

  /** One look. */
  async look(): Promise<void> {
    const wanted = await this.#catalog.jobs.listRunnable();
    const unsettled = await this.#catalog.jobs.listUnsettled();
    const onQueue = await this.#queue.jobIds();
    const missing = new Set<string>();
    for (const { id, name, generation } of [...wanted, ...unsettled]) {
      if (onQueue.has(id) || this.#jobs.has(id)) continue;
      missing.add(id);
      if (!this.#missing.has(id)) continue;
      this.#log.info({ job: name }, `job ${name} has no execution, one is put on the queue`);
      // Members that notice at the same time use the same id.
      await this.#queue.add(id, `r${generation}`);
    }
    this.#missing = missing;
  }
}
