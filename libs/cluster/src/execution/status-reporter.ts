import type { Clock, Random } from '@millrace/kernel';
import type { JobDirectory, JobOutcome } from './job-directory.ts';
import { untilDone } from './until-done.ts';

interface Report extends JobOutcome {
  readonly generation: number;
}

/**
 * Tells the metadata database what became of a job, without holding anything up: one write at a time, only the newest report is kept, each
 * is tried until it gets through.
 */
export class StatusReporter {
  readonly #jobId: string;
  readonly #jobs: JobDirectory;
  readonly #parts: { readonly clock: Clock; readonly random: Random };
  readonly #onFenced: () => void;
  readonly #giveUp = new AbortController();
  #due: Report | undefined;
  #writing: Promise<void> | undefined;

  constructor(
    jobId: string,
    jobs: JobDirectory,
    parts: { readonly clock: Clock; readonly random: Random },
    onFenced: () => void,
  ) {
    this.#jobId = jobId;
    this.#jobs = jobs;
    this.#parts = parts;
    this.#onFenced = onFenced;
  }

  report(report: Report): void {
    this.#due = report;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when everything reported is written, or it no longer matters. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Stops trying. */
  giveUp(): void {
    this.#giveUp.abort(new Error('the status is no longer reported'));
  }

  async #write(): Promise<void> {
    const { signal } = this.#giveUp;
    while (this.#due !== undefined && !signal.aborted) {
      try {
        await untilDone(() => this.#writeNewest(), { ...this.#parts, signal });
      } catch {
        // What trying again cannot help: a newer execution wrote, or the job is gone. Either way it is not ours any more.
        if (signal.aborted) return;
        this.#due = undefined;
        this.#onFenced();
      }
    }
  }

  async #writeNewest(): Promise<void> {
    const report = this.#due!;
    const { generation, ...outcome } = report;
    await this.#jobs.setStatus(this.#jobId, generation, outcome);
    if (this.#due === report) this.#due = undefined;
  }
}
