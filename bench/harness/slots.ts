import type { TestDatabase } from '@millrace/testing';

const DROP_TRIES_MAX = 50;

/** Drops a slot as soon as nobody reads it any more. */
export async function dropSlot(database: TestDatabase, slot: string): Promise<void> {
  for (let tries = 0; tries < DROP_TRIES_MAX; tries++) {
    const left = await database.query(
      'select case when not active then pg_drop_replication_slot(slot_name) end from pg_replication_slots where slot_name = $1',
      [slot],
    );
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`slot ${slot} stays in use`);
}

/** A fresh copy of a backlog's slot. @returns the position that it stands at */
export async function copySlot(database: TestDatabase, from: string, to: string): Promise<string> {
  await dropSlot(database, to);
  await database.query('select pg_copy_logical_replication_slot($1, $2)', [from, to]);
  const [slot] = await database.query<{ lsn: string }>(
    'select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1',
    [to],
  );
  return slot!.lsn;
}
