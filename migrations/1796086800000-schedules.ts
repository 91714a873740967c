import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Jobs that are submitted again and again. A run is one for a tick: that is what its unique key is for. */
export class Schedules1796086800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE millrace.schedule (
        id char(26) PRIMARY KEY,
        name varchar(63) NOT NULL UNIQUE,
        template json NOT NULL,
        cron text NOT NULL,
        time_zone text NOT NULL,
        overlap varchar(16) NOT NULL CHECK (overlap IN ('skip', 'queue', 'cancel-previous')),
        missed varchar(16) NOT NULL CHECK (missed IN ('latest', 'none')),
        deadline text NOT NULL,
        keep integer NOT NULL,
        suspended boolean NOT NULL,
        next_tick timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1
      )`);
    await runner.query('CREATE INDEX ON millrace.schedule (next_tick) WHERE NOT suspended');
    await runner.query(`
      CREATE TABLE millrace.schedule_run (
        id char(26) PRIMARY KEY,
        schedule_id char(26) NOT NULL REFERENCES millrace.schedule (id) ON DELETE CASCADE,
        tick timestamptz NOT NULL,
        is_manual boolean NOT NULL,
        outcome varchar(16) NOT NULL CHECK (outcome IN ('queued', 'submitted', 'skipped', 'missed', 'refused')),
        missed_before integer NOT NULL DEFAULT 0,
        job_id char(26) REFERENCES millrace.job (id) ON DELETE SET NULL,
        job_name varchar(63) NOT NULL,
        error json,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (schedule_id, tick)
      )`);
    await runner.query('CREATE INDEX ON millrace.schedule_run (job_id)');
    await runner.query("CREATE INDEX ON millrace.schedule_run (schedule_id, tick) WHERE outcome = 'queued'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE millrace.schedule_run');
    await runner.query('DROP TABLE millrace.schedule');
  }
}
