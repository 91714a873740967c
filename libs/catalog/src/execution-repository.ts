import type { ErrorRecord } from '@millrace/kernel';
import type { DataSource } from 'typeorm';
import type { JobStatus } from './entities.ts';

/** Executions remembered of each job. */
export const EXECUTIONS_KEPT = 100;
/** Restarts that `restarts` counts. */
const RESTART_HOURS = 24;

/**
 * Why an execution ended. `failed`: an error. `lost`: its member died, or could not be reached. `released`: its member shut down and handed the job
 * on. `restarted`: another one was asked for.
 */
export type ExecutionFate = 'completed' | 'suspended' | 'cancelled' | 'failed' | 'released' | 'restarted' | 'lost';

/** One attempt to run a job on a member. */
export interface JobExecution {
  readonly generation: number;
  readonly member: string;
  readonly startedAt: Date;
  /** `null` while it runs; so is `fate`. */
  readonly endedAt: Date | null;
  readonly fate: ExecutionFate | null;
  readonly error: ErrorRecord | null;
}

/** What became of the attempts to run jobs. Written beside the status, and never in its way. */
export class ExecutionRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** An execution has begun; whatever ran before has ended. */
  async began(jobId: string, generation: number, member: string): Promise<void> {
    await this.#dataSource.query(
      `WITH before AS (
         UPDATE millrace.execution SET ended_at = now(), fate = CASE WHEN member = $3 THEN 'restarted' ELSE 'lost' END
         WHERE job_id = $1 AND generation < $2 AND fate IS NULL
       ), old AS (
         DELETE FROM millrace.execution WHERE job_id = $1 AND generation IN (
           SELECT generation FROM millrace.execution WHERE job_id = $1 ORDER BY generation DESC OFFSET ${EXECUTIONS_KEPT - 1})
       )
       INSERT INTO millrace.execution (job_id, generation, member) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
      [jobId, generation, member],
    );
  }

  /** The job has this status now: does that end the execution? */
  async told(jobId: string, generation: number, status: JobStatus, error: ErrorRecord | undefined): Promise<void> {
    const fate = fateOf(status, error);
    if (fate === undefined) return;
    await this.#dataSource.query(
      `UPDATE millrace.execution SET ended_at = now(), fate = $3, error = $4
       WHERE job_id = $1 AND generation = $2 AND fate IS NULL`,
      [jobId, generation, fate, error === undefined ? null : JSON.stringify({ ...error, stack: undefined })],
    );
  }

  /** The newest first, at most `EXECUTIONS_KEPT`. */
  async list(jobId: string): Promise<readonly JobExecution[]> {
    const rows = await this.#dataSource.query<(Omit<JobExecution, 'generation'> & { generation: string })[]>(
      `SELECT generation, member, started_at AS "startedAt", ended_at AS "endedAt", fate, error
       FROM millrace.execution WHERE job_id = $1 ORDER BY generation DESC`,
      [jobId],
    );
    return rows.map((row) => ({ ...row, generation: Number(row.generation) }));
  }

  /** How often each job failed or lost its member within a day; jobs without are left out. */
  async restarts(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#dataSource.query<{ id: string; restarts: number }[]>(
      `SELECT job_id AS id, count(*)::integer AS restarts FROM millrace.execution
       WHERE fate IN ('failed', 'lost') AND ended_at > now() - interval '${RESTART_HOURS} hours' GROUP BY job_id`,
    );
    return new Map(rows.map(({ id, restarts }) => [id, restarts]));
  }
}

function fateOf(status: JobStatus, error: ErrorRecord | undefined): ExecutionFate | undefined {
  switch (status) {
    case 'COMPLETED':
      return 'completed';
    case 'SUSPENDED':
      return 'suspended';
    case 'FAILED':
      return error?.code === 'job.cancelled' ? 'cancelled' : 'failed';
    case 'NOT_RUNNING':
      return error === undefined ? 'released' : 'failed';
    default:
      return undefined;
  }
}
