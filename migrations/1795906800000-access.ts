import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Entries younger than this many days cannot be removed, whatever a setting says. */
const AUDIT_DAYS_MIN = 30;

/**
 * API keys, sessions of browsers, and an audit log of every change: an entry before the deed, its outcome after it or in its transaction.
 * Neither is ever changed, and removed only when old: triggers see to it, also when somebody else writes to the database.
 */
export class Access1795906800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE millrace.api_key (
        id char(26) PRIMARY KEY,
        name varchar(63) NOT NULL,
        role varchar(16) NOT NULL CHECK (role IN ('viewer', 'operator', 'editor', 'admin')),
        secret_hash bytea NOT NULL,
        old_secret_hash bytea,
        old_secret_until timestamptz,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        rotated_at timestamptz,
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz
      )`);
    await runner.query('CREATE UNIQUE INDEX api_key_name ON millrace.api_key (name) WHERE revoked_at IS NULL');
    await runner.query(`
      CREATE TABLE millrace.api_session (
        token_hash bytea PRIMARY KEY,
        key_id char(26) NOT NULL REFERENCES millrace.api_key (id) ON DELETE CASCADE,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX ON millrace.api_session (key_id)');
    await runner.query('CREATE INDEX ON millrace.api_session (expires_at)');
    await runner.query(`
      ALTER TABLE millrace.audit
        ADD COLUMN actor_kind varchar(16) NOT NULL DEFAULT 'unknown',
        ADD COLUMN actor_id char(26),
        ADD COLUMN actor_name text,
        ADD COLUMN actor_role varchar(16),
        ADD COLUMN address text,
        ADD COLUMN request text`);
    await runner.query('CREATE INDEX ON millrace.audit (at)');
    await runner.query('CREATE INDEX ON millrace.audit (action, id)');
    await runner.query('CREATE INDEX ON millrace.audit (actor_id, id)');
    await runner.query(`
      CREATE TABLE millrace.audit_outcome (
        audit_id bigint PRIMARY KEY REFERENCES millrace.audit (id) ON DELETE CASCADE,
        at timestamptz NOT NULL DEFAULT now(),
        outcome varchar(16) NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
        code text,
        target text,
        before json,
        after json,
        details json
      )`);
    await runner.query(
      `INSERT INTO millrace.audit_outcome (audit_id, at, outcome) SELECT id, at, 'done' FROM millrace.audit`,
    );
    await runner.query(`
      CREATE FUNCTION millrace.audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit' THEN
          IF OLD.at < now() - interval '${AUDIT_DAYS_MIN} days' THEN RETURN OLD; END IF;
        ELSIF TG_OP = 'DELETE' THEN
          IF NOT EXISTS (SELECT FROM millrace.audit WHERE id = OLD.audit_id) THEN RETURN OLD; END IF;
        END IF;
        RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege',
          HINT = 'Entries can be removed when they are ${AUDIT_DAYS_MIN} days old, with their outcomes.';
      END $$`);
    for (const table of ['audit', 'audit_outcome']) {
      await runner.query(`CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON millrace.${table}
        FOR EACH ROW EXECUTE FUNCTION millrace.audit_is_append_only()`);
      await runner.query(`CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON millrace.${table}
        FOR EACH STATEMENT EXECUTE FUNCTION millrace.audit_is_append_only()`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE millrace.audit_outcome, millrace.api_session, millrace.api_key');
    await runner.query('DROP TRIGGER append_only ON millrace.audit');
    await runner.query('DROP TRIGGER append_only_truncate ON millrace.audit');
    await runner.query('DROP FUNCTION millrace.audit_is_append_only()');
    await runner.query(`
      ALTER TABLE millrace.audit DROP COLUMN actor_kind, DROP COLUMN actor_id, DROP COLUMN actor_name,
        DROP COLUMN actor_role, DROP COLUMN address, DROP COLUMN request`);
    await runner.query('DROP INDEX millrace.audit_at_idx, millrace.audit_action_id_idx');
  }
}
