import type { Clock } from '@millrace/kernel';
import type { Client } from 'pg';
import type { CatalogTable } from '../preflight/table-catalog.ts';

const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 500;

/**
 * Transactions that have changed rows of these tables (or of their partitions) and still hold their locks. A server releases the locks of a transaction
 * after it has made it visible to new snapshots (`CommitTransaction` in xact.c, `FinishPreparedTransaction` in twophase.c).
 */
const WRITERS = `
  WITH RECURSIVE wanted (oid) AS (
    SELECT unnest($1::oid[])
    UNION SELECT inhrelid FROM pg_inherits JOIN wanted ON inhparent = wanted.oid
  )
  SELECT DISTINCT l.virtualtransaction AS id FROM pg_locks l JOIN wanted ON l.relation = wanted.oid
  WHERE l.locktype = 'relation' AND l.granted AND l.mode IN ('RowExclusiveLock', 'AccessExclusiveLock')
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/**
 * Resolves when whoever had changed the tables at the time of the call has ended: a snapshot taken from then on sees every transaction that was
 * committed before. Between its commit record, which the stream may have delivered, and its becoming visible lies a moment, and with a synchronous
 * standby that does not answer as long as that takes; a row read then would be older than a change that was delivered long ago.
 */
export async function untilWritersEnded(
  session: Client,
  tables: readonly CatalogTable[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const oids = tables.map(({ oid }) => String(oid));
  const writers = async (): Promise<readonly string[]> =>
    (await session.query<{ id: string }>(WRITERS, [oids])).rows.map(({ id }) => id);
  let left = await writers();
  for (let pauseMs = PAUSE_MS_MIN; left.length > 0; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    await clock.sleep(pauseMs, signal);
    const now = new Set(await writers());
    left = left.filter((id) => now.has(id));
  }
}
