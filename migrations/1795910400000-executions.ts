import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Executions of jobs: who ran them, from when to when, and why they ended. `fate` is null while one runs. */
export class Executions1795910400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE millrace.execution (
        job_id char(26) NOT NULL REFERENCES millrace.job (id) ON DELETE CASCADE,
        generation bigint NOT NULL,
        member text NOT NULL,
        started_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        fate varchar(16) CHECK (fate IN ('completed', 'suspended', 'cancelled', 'failed', 'released', 'restarted', 'lost')),
        error json,
        PRIMARY KEY (job_id, generation),
        CHECK ((ended_at IS NULL) = (fate IS NULL))
      )`);
    await runner.query("CREATE INDEX ON millrace.execution (job_id, ended_at) WHERE fate IN ('failed', 'lost')");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE millrace.execution');
  }
}
