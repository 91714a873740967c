import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Unresolved dead letters by key, for what is parked behind what. A hash, because a key may be longer than an entry of an index. */
export class DeadLetterKeys1795831200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX dead_letter_key ON millrace.dead_letter (job_id, stage, table_id, jsonb_hash_extended(row_key::jsonb, 0))
        WHERE state IN ('open', 'replaying')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX millrace.dead_letter_key');
  }
}
