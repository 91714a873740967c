import { consume, fromPg, Inbox, Outbox } from '@millrace/sdk';
import pg from 'pg';

/**
 * An instance of a service: for each order one effect in its database and one message in the outbox, once. What it does outside of a transaction is counted beside, where repetitions are
 * allowed. Arguments: address of the api, address of the database.
 */
const [baseUrl, databaseUrl] = process.argv.slice(2) as [string, string];
const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
// PostgreSQL is killed too: a connection that breaks is replaced.
pool.on('error', () => {});
const executor = fromPg(pool);
const inbox = new Inbox({ executor });
const outbox = new Outbox({ executor });

const consumer = consume({
  baseUrl,
  subscription: 'stock',
  // It goes on until all servers are back: nothing may be given up here.
  retry: { firstMs: 50, mostMs: 1_000, afterwards: 'hold' },
  handle: async (change) => {
    const { id } = change.row as { id: number };
    await inbox.once('stock', change.id, async (tx) => {
      await tx.query('INSERT INTO effects (order_id) VALUES ($1)', [id]);
      await outbox.add(tx, { topic: 'stock', key: String(id % 10), payload: { id } });
    });
  },
});
process.on('SIGTERM', () => void consumer.stop().then(() => process.exit(0)));
