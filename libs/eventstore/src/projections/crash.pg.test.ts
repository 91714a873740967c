import { spawn } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { PostgresServer } from '@millrace/testing';
import pg from 'pg';
import { migrate } from '../schema/migrate.ts';
import { EventStore } from '../store/event-store.ts';
import type { Executor } from '../store/executor.ts';
import { whenCaughtUp } from '../subscription/caught-up.ts';
import { added, cartTypes } from '../test-support/carts.ts';
import { itemCounts } from '../test-support/item-counts.ts';
import { MortalProcess } from '../test-support/mortal-process.ts';
import type { ChildPlan } from '../test-support/projection-child.ts';
import { openPool, storeDatabase } from '../test-support/store-database.ts';
import { runProjections } from './projection-group.ts';
import { projectionStatus } from './status.ts';

const CHILD = new URL('../test-support/projection-child.ts', import.meta.url).pathname;
const store = new EventStore({ types: [cartTypes] });

/** Resolves with the child's end: an exit code, or the signal. */
function runChild(plan: ChildPlan): Promise<number | string> {
  return new Promise((resolve, reject) => {
    const args = ['--conditions=source', '--disable-warning=ExperimentalWarning', CHILD, JSON.stringify(plan)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ?? code ?? -1));
  });
}

async function counts(executor: Executor): Promise<Record<string, number>> {
  const { rows } = await executor.query('SELECT sku, events FROM item_counts');
  return Object.fromEntries((rows as { sku: string; events: number }[]).map(({ sku, events }) => [sku, events]));
}

/** Appends events and knows how many there are of each. */
class Appended {
  readonly expected: Record<string, number> = {};
  readonly #executor: Executor;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  async append(sku: string, count: number): Promise<void> {
    const events = Array.from({ length: count }, () => added(sku));
    await store.append(this.#executor, `cart-${sku}`, events);
    this.expected[sku] = (this.expected[sku] ?? 0) + count;
  }
}

/** Versions a process knows, one process after the other: the first start, a rebuild beside the live one, and one with the old unknown. */
const DEPLOYMENTS = [[1], [1, 2], [3]];

describe('a process that dies', () => {
  it('at each of its statements, from the first start over a rebuild to the swap: each event counts once', async () => {
    await using setup = await storeDatabase();
    const { database } = setup;
    using mortal = new MortalProcess();
    const eyes = mortal.spare(new pg.Client({ connectionString: database.url }));
    await eyes.connect();
    const appended = new Appended(eyes);
    let deaths = 0;
    for (const versions of DEPLOYMENTS) {
      await appended.append('a', 30);
      for (let killAt = 2; ; killAt += 1) {
        // More comes between two lives, so each begins with a rest of history or of the log.
        await appended.append(`s${killAt}`, 7);
        const died = mortal.begin(killAt);
        const watch = new AbortController();
        const pool = await openPool(database.url, 5);
        const projections = versions.map((version) => itemCounts({ version, batchEvents: 20 }));
        const runner = runProjections({ projections, store, pool, url: database.url });
        const done = isDone(eyes, versions, watch.signal);
        const outcome = await Promise.race([died.then(() => 'died'), done.then(() => 'done')]);
        watch.abort();
        await done;
        const closed = runner.close();
        if (outcome === 'done') {
          await closed;
          await pool.end();
          break;
        }
        deaths += 1;
      }
      expect(await counts(eyes)).toEqual(appended.expected);
    }
    expect(deaths).toBeGreaterThan(50);
    const { rows } = await eyes.query('SELECT version, role FROM eventstore.consumers');
    expect(rows).toEqual([{ version: 3, role: 'live' }]);
    expect((await eyes.query(`SELECT FROM pg_tables WHERE schemaname = 'public'`)).rows).toHaveLength(1);
    await eyes.end();
  }, 300_000);

  it('of kill -9, while more is appended: each event counts once', async () => {
    await using setup = await storeDatabase();
    const { pool, database } = setup;
    const appended = new Appended(pool);
    const ends: (number | string)[] = [];
    for (const [versions, killAts] of [
      [[1], [9, 24, 0]],
      [
        [1, 2],
        [22, 29, 0],
      ],
    ] as const) {
      for (const killAt of killAts) {
        await appended.append(`s${killAt}`, 50);
        const child = runChild({ url: database.url, versions, killAt });
        await appended.append('during', 50);
        ends.push(await child);
      }
      expect(await counts(pool)).toEqual(appended.expected);
    }
    expect(ends.filter((end) => end === 'SIGKILL')).toHaveLength(4);
  }, 300_000);
});

/** Resolves when the newest version is live, alone and up to date, or when nobody wants to know any more. */
async function isDone(eyes: pg.Client, versions: readonly number[], signal: AbortSignal): Promise<void> {
  const newest = Math.max(...versions);
  while (!signal.aborted) {
    const rows = await projectionStatus(eyes, store);
    if (rows.length === 1 && rows[0]!.version === newest && rows[0]!.phase === 'live') break;
    await systemClock.sleep(5);
  }
  await whenCaughtUp(eyes, store, { timeoutMs: 60_000, signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

describe('a server that is killed with -9', () => {
  it('and started again, while events are appended and projected: each counts once', async () => {
    await using server = await PostgresServer.start();
    await using database = await server.createDatabase('events');
    const pool = await openPool(database.url);
    await migrate(pool);
    await using runner = runProjections({ projections: [itemCounts()], store, pool, url: database.url });
    let sure = 0;
    let stop = false;
    let number = 0;
    // An append that failed may have happened: the same ids again say so, and add nothing.
    const appendSurely = async (): Promise<void> => {
      const events = [{ ...added('a'), id: `event-${number++}` }];
      for (;;) {
        try {
          await store.append(pool, 'cart-1', events);
          sure += 1;
          return;
        } catch {
          await systemClock.sleep(20);
        }
      }
    };
    const writer = (async () => {
      while (!stop) await appendSurely();
    })();
    for (let round = 0; round < 3; round++) {
      const target = sure + 100;
      while (sure < target) await systemClock.sleep(5);
      await server.restart('SIGKILL');
    }
    const target = sure + 50;
    while (sure < target) await systemClock.sleep(5);
    stop = true;
    await writer;
    await whenCaughtUp(pool, store, { timeoutMs: 60_000 });
    expect(await counts(pool)).toEqual({ a: sure });
    await runner.close();
    await pool.end();
  }, 300_000);
});
