import type { SnapshotStore } from '@millrace/cluster';
import { type Clock, systemClock } from '@millrace/kernel';

const INTERVAL_MS = 600_000;

/** What the janitor asks of the catalog. */
export interface KnownJobs {
  find(jobId: string): Promise<unknown>;
}

/** Removes the snapshots of jobs that were deleted. A job's row is there before its first generation is claimed, so nothing that lives is taken away. */
export class Janitor {
  readonly #store: SnapshotStore;
  readonly #jobs: KnownJobs;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(store: SnapshotStore, jobs: KnownJobs, clock: Clock = systemClock) {
    this.#store = store;
    this.#jobs = jobs;
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
      // Redis or the database is away: the next round does it.
      await this.clean().catch(() => undefined);
      await this.#clock.sleep(INTERVAL_MS, signal).catch(() => undefined);
    }
  }

  /** One round. */
  async clean(): Promise<void> {
    for await (const jobId of this.#store.jobIds()) {
      if (this.#over.signal.aborted) return;
      if ((await this.#jobs.find(jobId)) === undefined) await this.#store.remove(jobId);
    }
  }
}
