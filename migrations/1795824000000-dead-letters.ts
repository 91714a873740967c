import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Records that a stage could not take. `dead_letter_pending` holds those of no committed snapshot yet; they are moved to `dead_letter`
 * in phase two, or removed when the job goes on from an earlier snapshot. `audit` is append-only.
 */
export class DeadLetters1795824000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const letter = `
        job_id char(26) NOT NULL REFERENCES millrace.job (id) ON DELETE CASCADE,
        stage varchar(63) NOT NULL,
        number bigint NOT NULL,
        reason text NOT NULL,
        message text NOT NULL,
        mend text,
        is_parked boolean NOT NULL,
        table_id text NOT NULL,
        row_key json NOT NULL,
        commit_lsn text,
        event_index integer,
        committed_at timestamptz,
        event json NOT NULL,
        attempts integer NOT NULL`;
    await runner.query(`
      CREATE TABLE millrace.dead_letter (${letter},
        state varchar(16) NOT NULL CHECK (state IN ('open', 'replaying', 'replayed', 'discarded')),
        edited json,
        is_told boolean NOT NULL DEFAULT false,
        replay_rate integer,
        first_at timestamptz NOT NULL DEFAULT now(),
        last_at timestamptz NOT NULL DEFAULT now(),
        resolved_at timestamptz,
        PRIMARY KEY (job_id, stage, number)
      )`);
    await runner.query(
      `CREATE INDEX ON millrace.dead_letter (job_id, stage, number) WHERE state = 'replaying' OR state = 'discarded' AND NOT is_told`,
    );
    await runner.query('CREATE INDEX ON millrace.dead_letter (job_id, state, reason)');
    await runner.query(`
      CREATE TABLE millrace.dead_letter_pending (${letter},
        generation bigint NOT NULL,
        snapshot_id bigint,
        PRIMARY KEY (job_id, stage, number, generation)
      )`);
    await runner.query(`
      CREATE TABLE millrace.audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT now(),
        action varchar(63) NOT NULL,
        target text NOT NULL,
        request_id text,
        details json NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE millrace.audit, millrace.dead_letter_pending, millrace.dead_letter');
  }
}
