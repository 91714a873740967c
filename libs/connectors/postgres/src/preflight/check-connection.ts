import type { Finding } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import pg, { type Client } from 'pg';
import type { ConnectionOptions } from '../config.ts';
import { openSession } from '../session.ts';

const SERVER_VERSION_MIN = 120_000;
/** What one source stage needs while it runs. */
const SPARE_MIN = 1;

interface Facts {
  readonly version: number;
  readonly version_text: string;
  readonly wal_level: string;
  readonly in_recovery: boolean;
  readonly slots_max: number;
  readonly slots: number;
  readonly senders_max: number;
  readonly senders: number;
  readonly may_replicate: boolean;
  readonly managed_role: string | null;
  readonly slot_wal_keep_size: string | null;
}

/** The role attribute, or membership in the role by which a managed service grants it. */
const FACTS = `SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS version_text,
    current_setting('wal_level') AS wal_level, pg_is_in_recovery() AS in_recovery,
    current_setting('max_replication_slots')::int AS slots_max, (SELECT count(*)::int FROM pg_replication_slots) AS slots,
    current_setting('max_wal_senders')::int AS senders_max, (SELECT count(*)::int FROM pg_stat_replication) AS senders,
    (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user)
      OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'rds_replication' AND pg_has_role(current_user, r.oid, 'USAGE')) AS may_replicate,
    (SELECT rolname FROM pg_roles WHERE rolname = 'rds_replication') AS managed_role,
    current_setting('max_slot_wal_keep_size', true) AS slot_wal_keep_size`;

/** Looks at everything a source needs from the server, whatever its tables. Changes nothing; what is wrong is a finding. */
export async function checkConnection(config: ConnectionOptions, signal: AbortSignal): Promise<readonly Finding[]> {
  return await withSession(config, signal, async (session) => {
    const { rows } = await session.query<Facts>(FACTS);
    return findings(rows[0]!, config.user);
  });
}

/** Runs `look` in a session of its own; that there is none is the finding. */
export async function withSession(
  config: ConnectionOptions,
  signal: AbortSignal,
  look: (session: Client) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  let session: Client | undefined;
  try {
    session = await openSession(config, { applicationName: 'millrace check' }, signal);
    return await look(session);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, mend, pointer } = error;
    return [{ code: code.code, severity: 'error', message, mend, pointer }];
  } finally {
    await session?.end();
  }
}

const ok = (code: string, message: string): Finding => ({ code, severity: 'ok', message });
const wrong = (code: string, message: string, mend: string, pointer?: string): Finding => ({
  code,
  severity: 'error',
  message,
  mend,
  pointer,
});

function findings(facts: Facts, user: string): readonly Finding[] {
  return [
    versionOf(facts),
    walLevel(facts),
    primary(facts),
    slots(facts),
    senders(facts),
    replicationRight(facts, user),
    retainedWal(facts),
  ];
}

function versionOf({ version, version_text }: Facts): Finding {
  const code = 'postgres.server_version';
  return version >= SERVER_VERSION_MIN
    ? ok(code, `PostgreSQL ${version_text}`)
    : wrong(code, `PostgreSQL ${version_text} is too old`, 'Upgrade the server to PostgreSQL 12 or later.');
}

function walLevel({ wal_level }: Facts): Finding {
  return wal_level === 'logical'
    ? ok('postgres.wal_level', 'wal_level is logical')
    : wrong(
        'postgres.wal_level_not_logical',
        `wal_level is ${wal_level}, so the WAL lacks what logical replication needs`,
        'ALTER SYSTEM SET wal_level = logical; -- then restart the server',
      );
}

/** A standby's `pg_current_snapshot()` leaves out running transactions (procarray.c keeps them elsewhere), so the initial load cannot be exact there. */
function primary({ in_recovery }: Facts): Finding {
  const code = 'postgres.primary';
  return in_recovery
    ? wrong(code, 'the server is a standby', 'Point "host" to the primary.', '/host')
    : ok(code, 'the server is a primary');
}

function slots({ slots: used, slots_max: max }: Facts): Finding {
  const code = 'postgres.free_slots';
  return max - used >= SPARE_MIN
    ? ok(code, `${max - used} of ${max} replication slots are free`)
    : wrong(
        code,
        `all ${max} replication slots are taken`,
        `Drop slots that nobody needs (SELECT * FROM pg_replication_slots), or: ALTER SYSTEM SET max_replication_slots = ${max + 10}; -- then restart the server`,
      );
}

function senders({ senders: used, senders_max: max }: Facts): Finding {
  const code = 'postgres.free_senders';
  return max - used >= SPARE_MIN
    ? ok(code, `${max - used} of ${max} WAL senders are free`)
    : wrong(
        code,
        `all ${max} WAL senders are taken`,
        `ALTER SYSTEM SET max_wal_senders = ${max + 10}; -- then restart the server`,
      );
}

function replicationRight({ may_replicate, managed_role }: Facts, user: string): Finding {
  const code = 'postgres.replication_right';
  const role = pg.escapeIdentifier(user);
  return may_replicate
    ? ok(code, `${role} may replicate`)
    : wrong(
        code,
        `${role} has no right to replicate`,
        managed_role === null ? `ALTER ROLE ${role} REPLICATION;` : `GRANT ${managed_role} TO ${role};`,
        '/user',
      );
}

function retainedWal({ slot_wal_keep_size: size }: Facts): Finding {
  const code = 'postgres.max_slot_wal_keep_size';
  if (size !== null && size !== '-1')
    return ok(code, `a slot that stands still keeps at most ${size} of WAL, then it is lost`);
  return {
    code,
    severity: 'warning',
    message: 'a slot that stands still keeps WAL without limit: a job that is down for long can fill the disk',
    mend:
      size === null
        ? 'PostgreSQL 13 and later can limit it.'
        : "ALTER SYSTEM SET max_slot_wal_keep_size = '64GB'; SELECT pg_reload_conf();",
  };
}
