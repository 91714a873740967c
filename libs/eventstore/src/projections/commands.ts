import { openSession } from '@millrace/connector-postgres/log';
import { type Clock, MillraceError, systemClock } from '@millrace/kernel';
import { NoSuchConsumer } from '../errors.ts';
import { dropGroupSlot } from '../log/group-slot.ts';
import { type ConsumerRow, readConsumers } from '../log/progress.ts';
import { quoteName } from '../schema/names.ts';
import type { EventStore } from '../store/event-store.ts';
import { type Executor, type ExecutorPool, inTransaction } from '../store/executor.ts';
import { connectionOf } from '../subscription/connection.ts';
import { poke } from '../subscription/pokes.ts';
import { dropTables } from './tables.ts';

/**
 * Has a projection built again beside what readers see, and swapped in when it has caught up; for when a handler was wrong and its
 * version is the same. Whoever runs it begins at once.
 * @throws MillraceError `eventstore.no_such_consumer`
 */
export async function rebuildProjection(pool: ExecutorPool, store: EventStore, name: string): Promise<void> {
  const { groupName } = await change(pool, store, name, (tx, { id }) =>
    tx.query(`UPDATE ${quoteName(store.schema)}.consumers SET rebuild_wanted = true WHERE id = $1`, [id]),
  );
  await poke(pool, store.schema, groupName, 'restart');
}

/**
 * Lets a stopped projection go on: at the event that failed, or behind it (`skip`; the event is then parked with its reason).
 * @throws MillraceError `eventstore.no_such_consumer`
 */
export async function resumeProjection(
  pool: ExecutorPool,
  store: EventStore,
  name: string,
  options: { readonly skip?: boolean | undefined } = {},
): Promise<void> {
  const schema = quoteName(store.schema);
  const { groupName } = await change(pool, store, name, async (tx, row) => {
    if (row.stopped === undefined) return;
    const { position, message, type, streamId, after } = row.stopped;
    if (options.skip === true) {
      await tx.query(`INSERT INTO ${schema}.parked (consumer_id, position, error) VALUES ($1, $2, $3)`, [
        row.id,
        position,
        JSON.stringify({ message, type, streamId }),
      ]);
      await tx.query(`UPDATE ${schema}.consumers SET history_position = $2, lsn = $3, lsn_index = $4 WHERE id = $1`, [
        row.id,
        after.historyPosition,
        after.lsn,
        after.index,
      ]);
    }
    await tx.query(`UPDATE ${schema}.consumers SET stopped = NULL WHERE id = $1`, [row.id]);
  });
  await poke(pool, store.schema, groupName, 'restart');
}

/**
 * Forgets a projection: its views, tables, progress. Stop running it first: a program that has it makes it anew.
 * @throws MillraceError `eventstore.no_such_consumer`
 */
export async function dropProjection(
  pool: ExecutorPool,
  store: EventStore,
  projection: { readonly name: string; readonly schema: string; readonly tables: object },
): Promise<void> {
  const schema = quoteName(store.schema);
  const { groupName } = await change(pool, store, projection.name, async (tx) => {
    for (const table of Object.keys(projection.tables)) {
      await tx.query(`DROP VIEW IF EXISTS ${quoteName(projection.schema)}.${quoteName(table)}`);
    }
    const rows = await readConsumers(tx, store.schema, 'name = $1', [projection.name]);
    for (const row of rows) await dropTables(tx, row.tables);
    await tx.query(`DELETE FROM ${schema}.consumers WHERE name = $1`, [projection.name]);
  });
  await poke(pool, store.schema, groupName, 'restart');
}

/**
 * The way on when a group's slot is lost, or the database was moved: the slot is made anew at the next start, projections are rebuilt beside
 * what readers see and swapped, subscriptions begin again from the start. Safe to call twice, and while members run.
 * @param url as of `runProjections`
 */
export async function resetGroup(
  pool: ExecutorPool,
  store: EventStore,
  options: { readonly group?: string | undefined; readonly url: string; readonly clock?: Clock | undefined },
): Promise<void> {
  const { group = 'projections', url, clock = systemClock } = options;
  const schema = quoteName(store.schema);
  await inTransaction(pool, async (tx) => {
    await tx.query(
      `UPDATE ${schema}.consumers SET lsn = '0/0', lsn_index = 0, rebuild_wanted = true, stopped = NULL WHERE group_name = $1`,
      [group],
    );
    await tx.query(`DELETE FROM ${schema}.groups WHERE name = $1`, [group]);
  });
  const session = await openSession(connectionOf(url), { applicationName: `millrace events reset ${group}` });
  try {
    const { signal } = new AbortController();
    await dropGroupSlot({ session, schema: store.schema, group, clock, signal });
  } finally {
    await session.end();
  }
  await poke(pool, store.schema, group, 'restart');
}

/** Changes a consumer's live row while nobody writes for it. */
async function change(
  pool: ExecutorPool,
  store: EventStore,
  name: string,
  work: (tx: Executor, row: ConsumerRow) => Promise<unknown>,
): Promise<ConsumerRow> {
  return await inTransaction(pool, async (tx) => {
    await tx.query(`SELECT FROM ${quoteName(store.schema)}.consumers WHERE name = $1 FOR UPDATE`, [name]);
    const [row] = await readConsumers(tx, store.schema, "name = $1 AND role = 'live'", [name]);
    if (row === undefined) {
      throw new MillraceError(NoSuchConsumer, {
        message: `there is no projection "${name}"`,
        mend: 'See `projectionStatus` for those there are.',
      });
    }
    await work(tx, row);
    return row;
  });
}
