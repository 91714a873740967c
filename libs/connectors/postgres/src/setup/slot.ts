import { type Lsn, formatLsn, parseLsn } from '@millrace/formats';
import { type Clock, MillraceError } from '@millrace/kernel';
import type { ClientBase } from 'pg';
import { PositionLost, SlotInUse } from '../errors.ts';
import { type ServerErrorFields, serverError } from '../stream/server-error.ts';
import { run } from './run-statement.ts';

/** How long a walsender that was told to stop may hold its slot. */
const RELEASE_MS_MAX = 10_000;
const RELEASE_PAUSE_MS = 50;

interface SlotRow {
  readonly plugin: string;
  readonly database: string;
  readonly is_here: boolean;
  readonly wal_status: string | null;
  readonly confirmed: string | null;
  readonly active_pid: number | null;
}

/** `wal_status` came with version 13, so it is read through `to_jsonb`. */
const SLOT = `
SELECT plugin::text AS plugin, database::text AS database, database = current_database() AS is_here, to_jsonb(s) ->> 'wal_status' AS wal_status,
       confirmed_flush_lsn::text AS confirmed, active_pid
FROM pg_replication_slots s WHERE slot_name = $1`;

async function read(session: ClientBase, slot: string): Promise<SlotRow | undefined> {
  const { rows } = await session.query<SlotRow>(SLOT, [slot]);
  return rows[0];
}

/**
 * Makes the job's slot and returns its consistent point: changes committed from there on will be streamed. One that is
 * left of an earlier start without a snapshot is dropped first: nothing of it was processed.
 */
export async function createSlot(session: ClientBase, slot: string, clock: Clock, signal: AbortSignal): Promise<Lsn> {
  await dropSlot(session, slot, clock, signal);
  try {
    const { rows } = await session.query<{ lsn: string }>("SELECT lsn::text AS lsn FROM pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
    return parseLsn(rows[0]!.lsn);
  } catch (error) {
    throw serverError(error as ServerErrorFields, `replication slot "${slot}" could not be created`, error);
  }
}

/**
 * Checks that the slot still serves everything from `resumeLsn` on.
 * @throws MillraceError `postgres.position_lost`
 */
export async function verifySlot(session: ClientBase, slot: string, resumeLsn: Lsn): Promise<void> {
  const row = await read(session, slot);
  const confirmed = row?.confirmed == null ? undefined : parseLsn(row.confirmed);
  const problem = problemOf(row, confirmed, resumeLsn);
  if (problem === undefined) return;
  throw new MillraceError(PositionLost, {
    message: `replication slot "${slot}" ${problem}; the job continues from ${formatLsn(resumeLsn)}`,
    mend: 'Run the job with a new initial load, or accept the gap explicitly.',
    details: { slot, resumeLsn: formatLsn(resumeLsn), confirmedLsn: row?.confirmed ?? null },
  });
}

function problemOf(row: SlotRow | undefined, confirmed: Lsn | undefined, resumeLsn: Lsn): string | undefined {
  if (row === undefined) return 'does not exist';
  if (row.plugin !== 'pgoutput' || !row.is_here) return `is one of plugin ${row.plugin} in database "${row.database}", not the job's`;
  if (row.wal_status === 'lost') return `was invalidated, its WAL is gone (it had confirmed ${row.confirmed})`;
  if (confirmed === undefined || confirmed > resumeLsn) return `has already confirmed ${row.confirmed}`;
  return undefined;
}

/** Drops the slot if it is there; a session that streams from it is ended first. */
export async function dropSlot(session: ClientBase, slot: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const deadlineMs = clock.monotonicMs() + RELEASE_MS_MAX;
  for (;;) {
    const row = await read(session, slot);
    if (row === undefined) return;
    if (row.active_pid === null) {
      await run(session, 'SELECT pg_drop_replication_slot($1)', `replication slot "${slot}" could not be dropped`, [slot]);
      return;
    }
    if (clock.monotonicMs() > deadlineMs) {
      throw new MillraceError(SlotInUse, {
        message: `replication slot "${slot}" is still used by server process ${row.active_pid}, which was told to stop`,
        mend: `SELECT pg_terminate_backend(${row.active_pid});`,
        details: { slot },
      });
    }
    await run(session, 'SELECT pg_terminate_backend($1)', `the session on replication slot "${slot}" could not be ended`, [row.active_pid]);
    await clock.sleep(RELEASE_PAUSE_MS, signal);
  }
}
