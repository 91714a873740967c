import type { ErrorRecord } from '@millrace/kernel';
import type { DesiredState, JobStatus } from '../job-status.ts';
import type { JobCounts } from './job-counts.ts';

/** A job as the coordinator needs to know it. */
export interface JobView {
  readonly id: string;
  readonly name: string;
  readonly desired: DesiredState;
  readonly status: JobStatus;
  /** Raised by every request to restart. */
  readonly restartRequested: number;
  /** Of the execution that wrote the status last. */
  readonly generation: number;
}

/** What is deployed. */
export interface JobPlan {
  readonly guarantee: 'exactly-once' | 'at-least-once' | 'none';
  readonly snapshotIntervalMs: number;
  /** For `buildDag` on every thread. Holds secrets: never logged. */
  readonly spec: unknown;
}

/** What has become of a job. */
export interface JobOutcome {
  readonly status: JobStatus;
  readonly error: ErrorRecord | undefined;
  readonly counts: JobCounts | undefined;
}

/** The jobs in the metadata database, which says what is wanted and is told what became of it. */
export interface JobDirectory {
  /** `undefined` when there is no such job (any more). */
  find(jobId: string): Promise<JobView | undefined>;
  /**
   * Begins an execution if the job still wants to run; call it before anything is made at another system.
   * @returns whether it wants to
   * @throws MillraceError `cluster.fenced`
   */
  begin(jobId: string, generation: number): Promise<boolean>;
  /**
   * @param what `counts` of the newest committed snapshot; `undefined`: what was told before stands
   * @throws MillraceError `cluster.fenced` when a newer execution wrote, or the job is gone
   */
  setStatus(jobId: string, generation: number, what: JobOutcome): Promise<void>;
  /** Resolves definitions and secrets anew, so that what was repaired is used. @throws MillraceError what cannot be resolved */
  plan(jobId: string): Promise<JobPlan>;
}
