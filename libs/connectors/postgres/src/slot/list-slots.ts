import type { ReplicationSlot } from '@millrace/connector-contract';
import type { ConnectionOptions } from '../config.ts';
import { openSession } from '../session.ts';
import { jobOfSlot } from './replication-names.ts';

interface SlotFacts {
  readonly name: string;
  readonly active: boolean;
  readonly retained: number | null;
  readonly lag: number | null;
  readonly safe: number | null;
  readonly state: string | null;
}

/** `wal_status` and `safe_wal_size` came with 13. A standby has another function for its position; captures read the primary. */
const SLOTS = `SELECT s.slot_name AS name, s.active,
    pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::float8 AS retained,
    pg_wal_lsn_diff(pg_current_wal_lsn(), s.confirmed_flush_lsn)::float8 AS lag,
    (to_jsonb(s) ->> 'safe_wal_size')::float8 AS safe, to_jsonb(s) ->> 'wal_status' AS state
  FROM pg_replication_slots s
  WHERE s.slot_type = 'logical' AND s.database = current_database() AND s.slot_name LIKE 'millrace\\_%'
  ORDER BY s.slot_name`;

/**
 * The slots of jobs in this database, also of jobs that are gone. Changes nothing.
 * @throws MillraceError what opening a session throws
 */
export async function listSlots(config: ConnectionOptions, signal: AbortSignal): Promise<readonly ReplicationSlot[]> {
  const session = await openSession(config, { applicationName: 'millrace slots' }, signal);
  try {
    const { rows } = await session.query<SlotFacts>(SLOTS);
    return rows.flatMap(({ name, active, retained, lag, safe, state }) => {
      const jobId = jobOfSlot(name);
      if (jobId === undefined) return [];
      return [
        {
          name,
          jobId,
          isActive: active,
          retainedBytes: retained ?? undefined,
          lagBytes: lag ?? undefined,
          safeBytes: safe ?? undefined,
          state: state ?? undefined,
        },
      ];
    });
  } finally {
    await session.end();
  }
}
