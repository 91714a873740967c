import { systemClock } from '@millrace/kernel';
import pg from 'pg';
import { runProjections } from '../projections/projection-group.ts';
import { projectionStatus } from '../projections/status.ts';
import { EventStore } from '../store/event-store.ts';
import { whenCaughtUp } from '../subscription/caught-up.ts';
import { cartTypes } from './carts.ts';
import { itemCounts } from './item-counts.ts';
import { openPool } from './store-database.ts';

/** What a child is to do, as JSON in its first argument. */
export interface ChildPlan {
  readonly url: string;
  /** Versions of the projection it knows; it ends when the newest is live and caught up. */
  readonly versions: readonly number[];
  /** Sends the n-th statement (from 1) and dies. 0: it lives. */
  readonly killAt: number;
}

const { url, versions, killAt } = JSON.parse(process.argv[2]!) as ChildPlan;

/** The parent's eyes in this process: what they ask does not count. */
const watching = new Set<unknown>();
let statements = 0;
type Call = (this: unknown, ...args: unknown[]) => unknown;
const driver = pg.Client.prototype as unknown as { query: Call };
const { query } = driver;
driver.query = function watched(this: unknown, ...args) {
  const answer = query.apply(this, args);
  if (!watching.has(this)) {
    statements += 1;
    // The statement is with the socket, and gets to the server or not.
    if (statements === killAt) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
  }
  return answer;
};

const store = new EventStore({ types: [cartTypes] });
const pool = await openPool(url, 5);
const eyes = new pg.Client({ connectionString: url });
watching.add(eyes);
eyes.on('error', () => {});
await eyes.connect();
await using _runner = runProjections({
  projections: versions.map((version) => itemCounts({ version, batchEvents: 20 })),
  store,
  pool,
  url,
});
const wait = { timeoutMs: 60_000, clock: systemClock };
for (;;) {
  const live = (await projectionStatus(eyes, store)).find(({ role }) => role === 'live');
  if (live?.version === Math.max(...versions)) break;
  await systemClock.sleep(5);
}
await whenCaughtUp(eyes, store, wait);
process.exit(0);
