import { formatLsn, type Lsn, parseLsn } from '@millrace/formats';
import { type Clock, MillraceError } from '@millrace/kernel';
import pg, { type ClientBase } from 'pg';
import { PositionLost, SlotInUse } from '../errors.ts';
import { ForeignObject, MissingPrivilege, NotConfigured } from '../setup-errors.ts';
import { NO_PRIVILEGE, withMend } from '../setup-failure.ts';

const PLUGIN = 'pgoutput';
const NOT_IN_PREREQUISITE_STATE = '55000';
const CONFIGURATION_LIMIT_EXCEEDED = '53400';
const RELEASE_PAUSE_MS = 50;
const RELEASE_MS_MAX = 10_000;

interface SlotRow {
  readonly plugin: string | null;
  readonly database: string | null;
  readonly here: boolean;
  readonly confirmed: string | null;
  readonly active_pid: number | null;
  readonly wal_status: string | null;
}

/** `wal_status` came with 13. */
const SLOT = `SELECT s.plugin, s.database, s.database = current_database() AS here, s.confirmed_flush_lsn::text AS confirmed,
    s.active_pid, to_jsonb(s) ->> 'wal_status' AS wal_status
  FROM pg_replication_slots s WHERE s.slot_name = $1`;

async function readSlot(session: ClientBase, slot: string): Promise<SlotRow | undefined> {
  return (await session.query<SlotRow>(SLOT, [slot])).rows[0];
}

/**
 * Creates the slot and returns where its history begins. One of the same name that is there already has served nothing and is
 * dropped. The server waits for the transactions that are running now.
 * @throws MillraceError `postgres.missing_privilege`, `.not_configured`, `.foreign_object`, `.slot_in_use`
 */
export async function createSlot(session: ClientBase, slot: string, clock: Clock, signal: AbortSignal): Promise<Lsn> {
  await dropSlot(session, slot, clock, signal);
  const { rows } = await withMend(`replication slot "${slot}" could not be created`, failures(session), () =>
    session.query<{ lsn: string }>('SELECT lsn::text FROM pg_create_logical_replication_slot($1, $2)', [slot, PLUGIN]),
  );
  return parseLsn(rows[0]!.lsn);
}

/**
 * Checks that the slot can still serve everything that commits at `resumeLsn` or later.
 * @throws MillraceError `postgres.position_lost`, `postgres.foreign_object`
 */
export async function verifySlot(session: ClientBase, slot: string, resumeLsn: Lsn): Promise<void> {
  const row = await readSlot(session, slot);
  const position = formatLsn(resumeLsn);
  if (row === undefined)
    throw positionLost(slot, `replication slot "${slot}" is gone; the job continues from ${position}`, position, null);
  refuseForeign(slot, row);
  if (row.wal_status === 'lost') {
    throw positionLost(
      slot,
      `replication slot "${slot}" was invalidated because its WAL was removed; the job continues from ${position}`,
      position,
      row.confirmed,
    );
  }
  if (row.confirmed !== null && parseLsn(row.confirmed) > resumeLsn) {
    throw positionLost(
      slot,
      `replication slot "${slot}" has been confirmed up to ${row.confirmed}, past ${position} where the job continues`,
      position,
      row.confirmed,
    );
  }
}

/**
 * Drops the slot if it exists; a session that streams from it is ended. Safe to call twice.
 * @throws MillraceError `postgres.slot_in_use`, `.missing_privilege`, `.foreign_object`
 */
export async function dropSlot(session: ClientBase, slot: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const deadlineMs = clock.monotonicMs() + RELEASE_MS_MAX;
  for (;;) {
    const row = await readSlot(session, slot);
    if (row === undefined) return;
    refuseForeign(slot, row);
    if (row.active_pid === null) break;
    if (clock.monotonicMs() > deadlineMs) {
      throw new MillraceError(SlotInUse, {
        message: `replication slot "${slot}" is held by the server process ${row.active_pid}, which does not end`,
        mend: `SELECT pg_terminate_backend(${row.active_pid});`,
        details: { slot, pid: row.active_pid },
      });
    }
    await withMend(`the session that holds replication slot "${slot}" could not be ended`, failures(session), () =>
      session.query('SELECT pg_terminate_backend($1)', [row.active_pid]),
    );
    await clock.sleep(RELEASE_PAUSE_MS, signal);
  }
  await withMend(`replication slot "${slot}" could not be dropped`, failures(session), () =>
    session.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1', [slot]),
  );
}

function refuseForeign(slot: string, { plugin, database, here }: SlotRow): void {
  if (plugin === PLUGIN && here) return;
  throw new MillraceError(ForeignObject, {
    message: `replication slot "${slot}" is not the job's: it has plugin ${plugin ?? 'none (physical)'} and database ${database ?? 'none'}`,
    mend: `Remove it if nobody needs it: SELECT pg_drop_replication_slot('${slot}');`,
    details: { slot, plugin, database },
  });
}

function failures(session: ClientBase) {
  const { user = '' } = session as ClientBase & { readonly user?: string };
  return {
    [NO_PRIVILEGE]: { code: MissingPrivilege, mend: `ALTER ROLE ${pg.escapeIdentifier(user)} REPLICATION;` },
    [NOT_IN_PREREQUISITE_STATE]: {
      code: NotConfigured,
      mend: 'ALTER SYSTEM SET wal_level = logical; -- then restart the server',
    },
    [CONFIGURATION_LIMIT_EXCEEDED]: {
      code: NotConfigured,
      mend: 'Drop slots that nobody needs, or: ALTER SYSTEM SET max_replication_slots = 20; -- then restart the server',
    },
  };
}

const positionLost = (slot: string, message: string, resumeLsn: string, confirmed: string | null): MillraceError =>
  new MillraceError(PositionLost, {
    message,
    mend: 'Two ways on: cancel the job and submit it again for a new initial load, or submit it again with "initialLoad": "none" to accept the gap.',
    details: { slot, resumeLsn, confirmedLsn: confirmed },
  });
