import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a job began and ended, over all its executions, and how many rows went through its stages. */
export class JobCounts1796083200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE millrace.job
        ADD COLUMN started_at timestamptz,
        ADD COLUMN ended_at timestamptz,
        ADD COLUMN counts json`);
    await runner.query(`
      UPDATE millrace.job SET
        started_at = coalesce((SELECT min(started_at) FROM millrace.execution WHERE job_id = id), execution_started_at),
        ended_at = CASE WHEN status IN ('COMPLETED', 'FAILED') THEN updated_at END`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE millrace.job DROP COLUMN started_at, DROP COLUMN ended_at, DROP COLUMN counts');
  }
}
