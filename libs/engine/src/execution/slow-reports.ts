import { type Clock, MillraceError } from '@millrace/kernel';
import { SlowCallback } from '../errors.ts';
import type { SlowRun } from '../thread/protocol.ts';

/** A vertex that is slow is mostly slow again and again: it is reported once in this time. */
export const REPORT_INTERVAL_MS = 60_000;

export interface JobName {
  readonly jobId: string;
  readonly jobName: string;
}

/** Reports callbacks that held up a thread, by job and vertex. */
export class SlowReports {
  readonly #job: JobName;
  readonly #clock: Clock;
  readonly #onProblem: (problem: MillraceError) => void;
  readonly #reportedMs = new Map<string, number>();

  constructor(job: JobName, clock: Clock, onProblem: (problem: MillraceError) => void) {
    this.#job = job;
    this.#clock = clock;
    this.#onProblem = onProblem;
  }

  add({ vertex, globalIndex, callback, durationMs }: SlowRun): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - (this.#reportedMs.get(vertex) ?? Number.NEGATIVE_INFINITY) < REPORT_INTERVAL_MS) return;
    this.#reportedMs.set(vertex, nowMs);
    const { jobId, jobName } = this.#job;
    this.#onProblem(
      new MillraceError(SlowCallback, {
        message: `${vertex}#${globalIndex} of job ${jobName} (${jobId}) held up its thread for ${Math.round(durationMs)} ms, last in ${callback}`,
        mend: 'Do less in one call: emit in slices, wait in promises, or let code that blocks run on a thread of its own (isCooperative = false).',
        details: { jobId, jobName, vertex, globalIndex, callback, durationMs },
      }),
    );
  }
}
