import { type CoordinatorParts, type EndState, ExecutionCoordinator } from '@millrace/cluster';

interface Running {
  readonly coordinator: ExecutionCoordinator;
  readonly end: Promise<EndState>;
}

/** The jobs this member runs, each at most once whatever the queue says. */
export class RunningJobs {
  readonly #parts: CoordinatorParts;
  readonly #running = new Map<string, Running>();
  #isReleased = false;
  #isDraining = false;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
  }

  /**
   * Runs a job until this member has nothing more to do for it. A second call while it runs waits for the same end: a queue task that was
   * taken for stalled comes back to this process now and then, and the execution it belongs to has nothing to gain from a restart.
   */
  run(jobId: string): Promise<EndState> {
    if (this.#isReleased) return Promise.resolve('released');
    const known = this.#running.get(jobId);
    if (known !== undefined) return known.end;
    if (this.#isDraining) return Promise.resolve('released');
    const coordinator = new ExecutionCoordinator(jobId, this.#parts);
    const end = coordinator.run().finally(() => this.#running.delete(jobId));
    this.#running.set(jobId, { coordinator, end });
    return end;
  }

  /** For those who look at this member. */
  list(): readonly { readonly id: string; readonly name: string }[] {
    return [...this.#running].map(([id, { coordinator }]) => ({ id, name: coordinator.jobName }));
  }

  has(jobId: string): boolean {
    return this.#running.has(jobId);
  }

  /** The job's desired state has changed: look at it now. */
  poke(jobId: string): void {
    this.#running.get(jobId)?.coordinator.poke();
  }

  /** Takes a last snapshot of every job and stops it, for other members to go on; none is run until `takeAgain`. */
  giveAway(): void {
    this.#isDraining = true;
    for (const { coordinator } of this.#running.values()) coordinator.release();
  }

  takeAgain(): void {
    this.#isDraining = false;
  }

  /** Takes a last snapshot of every job and stops it; resolves when all are closed. None is run from now on. */
  async release(): Promise<void> {
    this.#isReleased = true;
    const running = [...this.#running.values()];
    for (const { coordinator } of running) coordinator.release();
    await Promise.allSettled(running.map(({ end }) => end));
  }
}
