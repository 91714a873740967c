import { runProjections } from '@millrace/eventstore';
import { consume, fromPg, Inbox, Outbox } from '@millrace/sdk';
import pg from 'pg';
import { reservations, stockStore } from './sdk-stock.ts';

/**
 * An instance of a service: for each order one effect in its database, one message in either outbox and one event, in one transaction, once. One of the instances makes a table of the events.
 * Arguments: address of the api, address of the database.
 */
const [baseUrl, databaseUrl] = process.argv.slice(2) as [string, string];
const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
// PostgreSQL is killed too: a connection that breaks is replaced.
pool.on('error', () => {});
const executor = fromPg(pool);
const inbox = new Inbox({ executor });
const outboxes = [new Outbox({ executor }), new Outbox({ executor, by: 'message' })];
const projections = runProjections({ projections: [reservations], store: stockStore, pool, url: databaseUrl });

const consumer = consume({
  baseUrl,
  subscription: 'stock',
  // It goes on until all servers are back: nothing may be given up here.
  retry: { firstMs: 50, mostMs: 1_000, afterwards: 'hold' },
  handle: async (change) => {
    const { id } = change.row as { id: number };
    await inbox.once('stock', change.id, async (tx) => {
      await tx.query('INSERT INTO effects (order_id) VALUES ($1)', [id]);
      for (const outbox of outboxes) await outbox.add(tx, { topic: 'stock', key: String(id % 10), payload: { id } });
      await stockStore.append(tx, `stock-${id % 10}`, [{ type: 'Reserved', data: { order: id } }], {
        expectedVersion: 'any',
      });
    });
  },
});
const stop = async (): Promise<void> => {
  await consumer.stop();
  await projections[Symbol.asyncDispose]();
  process.exit(0);
};
process.on('SIGTERM', () => void stop());
