import type { Clock } from '@millrace/kernel';
import type { Executor } from '../store/executor.ts';

const PAUSE_MS = 20;

/**
 * Takes the snapshot that parts history from log for a consumer that will read the log from a position `from` that is fixed by now:
 * every transaction that has committed before `from` is visible in it. What it sees is then history, read from the table; what it does
 * not see commits at `from` or later and comes in the log.
 *
 * A transaction becomes visible a moment after its commit is in the log (with synchronous replication a long moment). So whoever runs
 * when we begin is waited for, before the snapshot is taken. As when a slot is created, a transaction left open holds this up.
 */
export async function takeSnapshot(session: Executor, clock: Clock, signal: AbortSignal): Promise<string> {
  const begin = await session.query('SELECT pg_current_snapshot()::text AS snapshot');
  const { snapshot: running } = begin.rows[0] as { snapshot: string };
  for (;;) {
    const { rows } = await session.query(
      `SELECT s.snapshot::text, NOT EXISTS (
         SELECT FROM pg_snapshot_xip($1::pg_snapshot) AS xid WHERE NOT pg_visible_in_snapshot(xid, s.snapshot)) AS all_ended
       FROM (SELECT pg_current_snapshot() AS snapshot OFFSET 0) AS s`,
      [running],
    );
    const [row] = rows as readonly { snapshot: string; all_ended: boolean }[];
    if (row!.all_ended) return row!.snapshot;
    await clock.sleep(PAUSE_MS, signal);
  }
}
