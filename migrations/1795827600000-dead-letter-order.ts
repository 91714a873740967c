import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Dead letters of a job in the order in which they were set aside, for pages of a list over all its stages; and unresolved ones by key, for what is
 * parked behind what. A hash, because a key may be longer than an entry of an index.
 */
export class DeadLetterOrder1795827600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX dead_letter_order ON millrace.dead_letter (job_id, first_at, stage, number)');
    await runner.query(`
      CREATE INDEX dead_letter_key ON millrace.dead_letter (job_id, stage, table_id, jsonb_hash_extended(row_key::jsonb, 0))
        WHERE state IN ('open', 'replaying')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX millrace.dead_letter_order, millrace.dead_letter_key');
  }
}
