import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Modules of jobs written in TypeScript, by the hash of their code. A foreign key keeps one that a job uses. */
export class JobModules1795737600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE millrace.job_module (
        sha256 char(64) PRIMARY KEY,
        code text NOT NULL,
        byte_length integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(
      'ALTER TABLE millrace.job ADD COLUMN module char(64) REFERENCES millrace.job_module (sha256) ON DELETE RESTRICT',
    );
    await runner.query('CREATE INDEX ON millrace.job (module)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE millrace.job DROP COLUMN module');
    await runner.query('DROP TABLE millrace.job_module');
  }
}
