import { fromPg, Outbox } from '@millrace/sdk';
import { createClient } from '@millrace/sdk/client';
import type pg from 'pg';

// #region add
export async function bill(pool: pg.Pool, orderId: number): Promise<void> {
  const executor = fromPg(pool);
  const outbox = new Outbox({ executor });
  await executor.transaction(async (tx) => {
    await tx.query("UPDATE orders SET state = 'billed' WHERE id = $1", [orderId]);
    await outbox.add(tx, { topic: 'billing', key: String(orderId), payload: { orderId }, headers: { kind: 'billed' } });
  });
}
// #endregion add

// #region message
export const withoutTable = (pool: pg.Pool): Outbox<pg.PoolClient> =>
  new Outbox({ executor: fromPg(pool), by: 'message' });
// #endregion message

// #region job
export async function bringToKafka(outbox: Outbox<pg.PoolClient>, baseUrl: string): Promise<void> {
  await outbox.migrate();
  const job = outbox.job({ source: 'billing-database', sink: 'kafka', createTopics: { partitions: 6 } });
  await createClient({ baseUrl }).POST('/api/v1/jobs', { body: job });
}
// #endregion job
