import { MillraceError } from '@millrace/kernel';
import { DefinitionInvalid } from '../errors.ts';
import type { StoredEvent } from '../events/event.ts';
import { readConsumers } from '../log/progress.ts';
import { quoteName } from '../schema/names.ts';
import type { EventStore } from '../store/event-store.ts';
import { type Executor, type ExecutorPool, inTransaction } from '../store/executor.ts';
import type { Projection } from './projection.ts';
import { createTables, dropTables, pointViews, tableName } from './tables.ts';

/** Group of the projections that no log is read for. */
const INLINE_GROUP = 'inline';

/**
 * Makes the tables of an inline projection and fills them from the events there are, unless this version is there already. Appends wait
 * meanwhile: it is one transaction that locks the events table, so do it when a long history can be waited for. Safe to call at each start.
 * @throws MillraceError `eventstore.definition_invalid`: a newer version is there, or the name is one of an async projection
 */
export async function buildInline(pool: ExecutorPool, store: EventStore, projection: Projection): Promise<void> {
  const consumers = `${quoteName(store.schema)}.consumers`;
  await inTransaction(pool, async (tx) => {
    await tx.query(`LOCK TABLE ${quoteName(store.schema)}.events IN SHARE ROW EXCLUSIVE MODE`);
    const [live] = await readConsumers(tx, store.schema, "name = $1 AND role = 'live'", [projection.name]);
    if (live !== undefined && (live.groupName !== INLINE_GROUP || live.version > projection.version)) {
      throw new MillraceError(DefinitionInvalid, {
        message: `projection "${projection.name}" is there in version ${live.version} of group "${live.groupName}"`,
        mend: 'Give it another name or a higher version, or drop it first.',
      });
    }
    if (live?.version === projection.version) return;
    if (live !== undefined) await tx.query(`UPDATE ${consumers} SET role = 'retired' WHERE id = $1`, [live.id]);
    const { rows } = await tx.query(
      `INSERT INTO ${consumers} (group_name, name, kind, version, role, history_done, lsn)
       VALUES ($1, $2, 'inline', $3, 'live', true, pg_current_wal_insert_lsn()) RETURNING id`,
      [INLINE_GROUP, projection.name, projection.version],
    );
    const [{ id }] = rows as [{ id: number }];
    const tables = await createTables(tx, projection, id);
    await tx.query(`UPDATE ${consumers} SET tables = $2 WHERE id = $1`, [id, tables]);
    await replay(tx, store, projection, id);
    await pointViews(tx, projection, id);
    if (live === undefined) return;
    await dropTables(tx, live.tables);
    await tx.query(`DELETE FROM ${consumers} WHERE id = $1`, [live.id]);
  });
}

async function replay(tx: Executor, store: EventStore, projection: Projection, build: number): Promise<void> {
  const context = { tx, table: (name: string) => tableName(projection, build, name) };
  const { categories, eventTypes: types, batchEvents } = projection;
  let batch: StoredEvent[] = [];
  for await (const event of store.readAll(tx, { categories, types })) {
    if (batch.push(event) < batchEvents) continue;
    await projection.apply(batch, context);
    batch = [];
  }
  if (batch.length > 0) await projection.apply(batch, context);
}
