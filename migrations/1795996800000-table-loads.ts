import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests to load tables of a job again. `outcome` is null until a committed snapshot has all of it. */
export class TableLoads1795996800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE millrace.table_load (
        id char(26) PRIMARY KEY,
        job_id char(26) NOT NULL REFERENCES millrace.job (id) ON DELETE CASCADE,
        stage varchar(63) NOT NULL,
        tables json NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        outcome varchar(16) CHECK (outcome IN ('done', 'refused')),
        CHECK ((finished_at IS NULL) = (outcome IS NULL))
      )`);
    await runner.query('CREATE INDEX ON millrace.table_load (job_id, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE millrace.table_load');
  }
}
