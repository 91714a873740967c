import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Documents are `json`, not `jsonb`, which would reorder keys: the order of stages and selected columns is the user's. */
const definitionTable = (name: string): string => `
  CREATE TABLE millrace.${name} (
    id char(26) PRIMARY KEY,
    name varchar(63) NOT NULL UNIQUE,
    type varchar(63) NOT NULL,
    config json NOT NULL,
    secrets json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1
  )`;

/** The link is a foreign key, so that a definition cannot vanish or change its name under a job even when two requests race. */
const usesTable = (role: string): string => `
  CREATE TABLE millrace.job_${role} (
    job_id char(26) NOT NULL REFERENCES millrace.job (id) ON DELETE CASCADE,
    ${role}_name varchar(63) NOT NULL REFERENCES millrace.${role} (name) ON DELETE RESTRICT ON UPDATE RESTRICT,
    PRIMARY KEY (job_id, ${role}_name)
  )`;

/** Sources, sinks, jobs, the witness of the newest snapshot, and answers kept for idempotency keys. */
export class Catalog1795219200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(definitionTable('source'));
    await runner.query(definitionTable('sink'));
    await runner.query(`
      CREATE TABLE millrace.job (
        id char(26) PRIMARY KEY,
        name varchar(63) NOT NULL UNIQUE,
        document json NOT NULL,
        desired varchar(16) NOT NULL DEFAULT 'running' CHECK (desired IN ('running', 'suspended', 'cancelled')),
        status varchar(32) NOT NULL DEFAULT 'NOT_RUNNING',
        restart_requested integer NOT NULL DEFAULT 0,
        generation bigint NOT NULL DEFAULT 0,
        error json,
        execution_started_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1
      )`);
    await runner.query(usesTable('source'));
    await runner.query(usesTable('sink'));
    await runner.query('CREATE INDEX ON millrace.job_source (source_name)');
    await runner.query('CREATE INDEX ON millrace.job_sink (sink_name)');
    await runner.query(`
      CREATE TABLE millrace.snapshot_witness (
        job_id char(26) PRIMARY KEY REFERENCES millrace.job (id) ON DELETE CASCADE,
        snapshot_id bigint NOT NULL,
        generation bigint NOT NULL,
        state bytea,
        state_hash text NOT NULL,
        taken_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE millrace.idempotency_key (
        route varchar(200) NOT NULL,
        key varchar(200) NOT NULL,
        body_mac text NOT NULL,
        resource_id char(26) NOT NULL,
        status integer,
        body json,
        claimed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (route, key)
      )`);
    await runner.query('CREATE INDEX ON millrace.idempotency_key (claimed_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE millrace.idempotency_key, millrace.snapshot_witness, millrace.job_source, millrace.job_sink,
         millrace.job, millrace.source, millrace.sink`,
    );
  }
}
