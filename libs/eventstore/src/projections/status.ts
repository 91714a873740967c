import type { Stopped } from '../log/progress.ts';
import { quoteName } from '../schema/names.ts';
import type { EventStore } from '../store/event-store.ts';
import type { Executor } from '../store/executor.ts';

/** How a projection or a subscription is doing. */
export interface ConsumerStatus {
  readonly name: string;
  readonly group: string;
  readonly kind: 'projection' | 'subscription' | 'inline';
  readonly version: number;
  /** `building`: made beside what readers see, to be swapped in. `retired`: swapped out, its tables are about to go. */
  readonly role: 'live' | 'building' | 'retired';
  /** `history`: reads what there was when it began. `live`: reads the log. `stopped`: an event failed; `stopped` says which and why. */
  readonly phase: 'history' | 'live' | 'stopped';
  /** Share of its history that is done, 0 to 1. */
  readonly historyShare: number;
  /** Bytes of the database's log it has yet to look at, whoever wrote them. */
  readonly lagBytes: number;
  /** Events set aside. */
  readonly parked: number;
  readonly stopped: Stopped | undefined;
  /** When it last wrote its progress. One that has nothing to do writes now and then. */
  readonly updatedAt: Date;
  /** Some process reads for its group. */
  readonly isRunning: boolean;
}

interface StatusRow {
  readonly name: string;
  readonly group_name: string;
  readonly kind: ConsumerStatus['kind'];
  readonly version: number;
  readonly role: ConsumerStatus['role'];
  readonly history_done: boolean;
  readonly history_share: number | null;
  readonly lag_bytes: number | string;
  readonly parked: number | string;
  readonly stopped: Stopped | null;
  readonly updated_ms: number;
  readonly is_running: boolean;
}

/** All projections and subscriptions there are, by name. */
export async function projectionStatus(executor: Executor, store: EventStore): Promise<readonly ConsumerStatus[]> {
  const schema = quoteName(store.schema);
  const { rows } = await executor.query(
    `SELECT c.name, c.group_name, c.kind, c.version, c.role, c.history_done, c.stopped,
       c.history_position::float8 / nullif((SELECT max(position) FROM ${schema}.events), 0) AS history_share,
       CASE WHEN c.kind = 'inline' THEN 0
         ELSE greatest(0, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), c.lsn)) END::float8 AS lag_bytes,
       (SELECT count(*)::int FROM ${schema}.parked p WHERE p.consumer_id = c.id) AS parked,
       date_part('epoch', c.updated_at) * 1000 AS updated_ms,
       c.kind = 'inline' OR coalesce(s.active, false) AS is_running
     FROM ${schema}.consumers c
     LEFT JOIN ${schema}.groups g ON g.name = c.group_name
     LEFT JOIN pg_replication_slots s ON s.slot_name = g.slot
     ORDER BY c.name, c.id`,
  );
  return (rows as readonly StatusRow[]).map((row) => ({
    name: row.name,
    group: row.group_name,
    kind: row.kind,
    version: row.version,
    role: row.role,
    phase: row.stopped !== null ? 'stopped' : row.history_done ? 'live' : 'history',
    historyShare: row.history_done ? 1 : (row.history_share ?? 0),
    lagBytes: Number(row.lag_bytes),
    parked: Number(row.parked),
    stopped: row.stopped ?? undefined,
    updatedAt: new Date(Number(row.updated_ms)),
    isRunning: row.is_running,
  }));
}

/** An event that a projection set aside. */
export interface ParkedEvent {
  readonly position: number;
  readonly type: string;
  readonly streamId: string;
  readonly message: string;
  readonly parkedAt: Date;
}

/** What a projection has set aside, oldest first, at most 1,000. */
export async function parkedEvents(
  executor: Executor,
  store: EventStore,
  name: string,
): Promise<readonly ParkedEvent[]> {
  const schema = quoteName(store.schema);
  const { rows } = await executor.query(
    `SELECT p.position::float8 AS position, p.error, date_part('epoch', p.parked_at) * 1000 AS parked_ms
     FROM ${schema}.parked p JOIN ${schema}.consumers c ON c.id = p.consumer_id
     WHERE c.name = $1 AND c.role = 'live' ORDER BY p.position LIMIT 1000`,
    [name],
  );
  type Row = { position: number; parked_ms: number; error: { type: string; streamId: string; message: string } };
  return (rows as readonly Row[]).map(({ position, parked_ms, error: { type, streamId, message } }) => ({
    position: Number(position),
    type,
    streamId,
    message,
    parkedAt: new Date(Number(parked_ms)),
  }));
}
