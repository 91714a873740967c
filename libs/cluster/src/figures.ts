import type { InstanceMetrics } from '@millrace/engine';
import type { JobStatus } from './job-status.ts';

/** What a member tells about a job it runs, once a second (`figuresKey`). */
export interface JobFigures {
  readonly jobId: string;
  readonly status: JobStatus;
  readonly generation: number;
  /** The newest committed snapshot; absent before the first. */
  readonly snapshot:
    | {
        readonly id: number;
        /** Wall clock, milliseconds since 1970. */
        readonly takenAt: number;
        readonly ageMs: number;
        /** From the barrier to the end of phase two. */
        readonly durationMs: number;
        /** Encoded state. */
        readonly bytes: number;
      }
    | undefined;
  /** Instances of a vertex summed; `globalIndex` is -1. */
  readonly vertices: readonly InstanceMetrics[];
  /** Name of the member. */
  readonly member: string;
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
}
