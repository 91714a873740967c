import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Dead letters of a job in the order in which they were set aside, for pages of a list over all its stages. */
export class DeadLetterOrder1795827600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX dead_letter_order ON millrace.dead_letter (job_id, first_at, stage, number)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX millrace.dead_letter_order');
  }
}
