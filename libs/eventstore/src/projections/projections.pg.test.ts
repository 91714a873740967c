import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { EventStore } from '../store/event-store.ts';
import { whenCaughtUp } from '../subscription/caught-up.ts';
import type { GroupRunner } from '../subscription/group-runner.ts';
import { added, cartTypes } from '../test-support/carts.ts';
import { itemCounts } from '../test-support/item-counts.ts';
import { type StoreDatabase, storeDatabase } from '../test-support/store-database.ts';
import { dropProjection, rebuildProjection, resetGroup, resumeProjection } from './commands.ts';
import type { Projection } from './projection.ts';
import { runProjections } from './projection-group.ts';
import { parkedEvents, projectionStatus } from './status.ts';

const store = new EventStore({ types: [cartTypes] });
const WAIT = { timeoutMs: 30_000 };
let setup: StoreDatabase;
let runners: GroupRunner[] = [];
let errors: unknown[] = [];

beforeEach(async () => {
  setup = await storeDatabase();
  runners = [];
  errors = [];
});
afterEach(async () => {
  await Promise.all(runners.map((runner) => runner.close()));
  await setup[Symbol.asyncDispose]();
});

function run(...projections: Projection[]): GroupRunner {
  const runner = runProjections({
    projections,
    store,
    pool: setup.pool,
    url: setup.database.url,
    onError: (error) => errors.push(error),
  });
  runners.push(runner);
  return runner;
}
const caughtUp = () => whenCaughtUp(setup.pool, store, WAIT);
const append = (sku: string, streamId = 'cart-1') => store.append(setup.pool, streamId, [added(sku)]);

async function counts(view = 'item_counts'): Promise<Record<string, number>> {
  const { rows } = await setup.pool.query<{ sku: string; events: number }>(`SELECT sku, events FROM ${view}`);
  return Object.fromEntries(rows.map(({ sku, events }) => [sku, events]));
}
async function quantities(view = 'item_counts'): Promise<Record<string, number>> {
  const { rows } = await setup.pool.query<{ sku: string; quantity: string }>(`SELECT sku, quantity FROM ${view}`);
  return Object.fromEntries(rows.map(({ sku, quantity }) => [sku, Number(quantity)]));
}
async function until(what: () => Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonicMs() + 30_000;
  while (!(await what())) {
    if (systemClock.monotonicMs() > deadline) throw new Error('it did not happen');
    await systemClock.sleep(10);
  }
}

describe('an async projection', () => {
  it('has what there was and what comes, each event once, also those committed during the hand-over', async () => {
    let stop = false;
    let appended = 0;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      while (!stop) {
        await append('a', `cart-${writer}`);
        appended += 1;
      }
    });
    while (appended < 200) await systemClock.sleep(1);
    run(itemCounts({ batchEvents: 50 }));
    await until(async () => (await projectionStatus(setup.pool, store))[0]?.phase === 'live');
    const atLive = appended;
    while (appended < atLive + 200) await systemClock.sleep(1);
    stop = true;
    await Promise.all(writers);
    await caughtUp();
    expect(await counts()).toEqual({ a: appended });
    expect(errors).toEqual([]);
  });

  it('does not skip what is committed late, as a reader that polls by position does', async () => {
    run(itemCounts());
    await append('early');
    await caughtUp();
    // The reader everybody writes first: everything behind the last position it has seen.
    let last = 0;
    const polled: string[] = [];
    const poll = async (): Promise<void> => {
      const { rows } = await setup.pool.query<{ position: string; data: { sku: string } }>(
        'SELECT position, data FROM eventstore.events WHERE position > $1 ORDER BY position',
        [last],
      );
      for (const { position, data } of rows) {
        polled.push(data.sku);
        last = Number(position);
      }
    };
    const slow = await setup.pool.connect();
    await slow.query('BEGIN');
    await store.append(slow, 'cart-slow', [added('late')]);
    await append('fast', 'cart-fast');
    await poll();
    await caughtUp();
    await slow.query('COMMIT');
    slow.release();
    await poll();
    await caughtUp();
    expect(polled).toEqual(['early', 'fast']);
    expect(await counts()).toEqual({ early: 1, fast: 1, late: 1 });
  });

  it('begins with a transaction open that has appended: it is neither history nor lost', async () => {
    await append('before');
    const open = await setup.pool.connect();
    await open.query('BEGIN');
    await store.append(open, 'cart-open', [added('open')]);
    run(itemCounts());
    await systemClock.sleep(100);
    await open.query('COMMIT');
    open.release();
    await caughtUp();
    expect(await counts()).toEqual({ before: 1, open: 1 });
  });

  it('joins a group that has long been running with all of its history', async () => {
    const first = run(itemCounts());
    await append('a');
    await caughtUp();
    await append('a');
    await first.close();
    await append('b');
    run(itemCounts(), itemCounts({ name: 'more-counts' }));
    await append('b');
    await until(async () => (await projectionStatus(setup.pool, store)).length === 2);
    await caughtUp();
    expect(await counts()).toEqual({ a: 2, b: 2 });
    expect(await counts('more_counts')).toEqual({ a: 2, b: 2 });
  });

  it('is run by one process; another takes over when it is closed', async () => {
    const first = run(itemCounts());
    await append('a');
    await caughtUp();
    const second = run(itemCounts());
    await append('a');
    await caughtUp();
    expect([first.isLeading, second.isLeading]).toEqual([true, false]);
    await first.close();
    await append('a');
    await caughtUp();
    expect(second.isLeading).toBe(true);
    expect(await counts()).toEqual({ a: 3 });
    expect(errors).toEqual([]);
  });

  it('is not written by a leader that was cut off and wakes up: another has gone on meanwhile', async () => {
    let isFirst = true;
    let isAsleep = false;
    let wake = (): void => {};
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    // Held inside of its transaction, as a process is that is stopped for a while.
    const first = run(
      itemCounts({
        before: async (sku) => {
          if (sku !== 'b' || !isFirst) return;
          isFirst = false;
          isAsleep = true;
          await asleep;
        },
      }),
    );
    await append('a');
    await caughtUp();
    const second = run(itemCounts());
    await append('b');
    await until(async () => isAsleep);
    // The server thinks that the leader is gone: its sessions end, the one that writes among them.
    await setup.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND (application_name LIKE 'millrace events%' AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted))`,
    );
    await until(async () => second.isLeading);
    await append('c');
    // It is about to write the same event, and waits for the one that sleeps.
    await until(async () => {
      const { rows } = await setup.pool.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    wake();
    await caughtUp();
    await first.close();
    await caughtUp();
    expect(await counts()).toEqual({ a: 1, b: 1, c: 1 });
  });

  it('goes on in the middle of a large transaction', async () => {
    let failures = 0;
    run(
      itemCounts({
        batchEvents: 100,
        before: (sku) => {
          // A connection that breaks, three times.
          if (sku === 's1500' && failures++ < 3) throw Object.assign(new Error('connection lost'), { code: '08006' });
        },
      }),
    );
    await append('first');
    await caughtUp();
    await store.append(
      setup.pool,
      'cart-large',
      Array.from({ length: 3000 }, (_, index) => added(`s${index}`)),
    );
    await caughtUp();
    const all = await counts();
    expect(Object.keys(all)).toHaveLength(3001);
    expect(new Set(Object.values(all))).toEqual(new Set([1]));
    expect(failures).toBe(4);
    expect(errors).toHaveLength(3);
  });
});

describe('an event whose handler fails', () => {
  const failing = (onError: 'stop' | 'park', mended: { is: boolean }) =>
    itemCounts({
      onError: { live: onError, rebuild: onError },
      before: (sku) => {
        if (sku === 'bad' && !mended.is) throw new Error('bad item');
      },
    });

  it.each(['history', 'live'])(
    'stops the projection there (%s), with all before it written; mended, it goes on',
    async (phase) => {
      const mended = { is: false };
      const appendAll = async (): Promise<void> => {
        for (const sku of ['a', 'bad', 'b']) await append(sku);
      };
      if (phase === 'history') await appendAll();
      run(failing('stop', mended), itemCounts({ name: 'other-counts' }));
      if (phase === 'live') {
        await until(
          async () => (await projectionStatus(setup.pool, store)).filter((one) => one.phase === 'live').length === 2,
        );
        await appendAll();
      }
      await until(async () => (await projectionStatus(setup.pool, store))[0]?.phase === 'stopped');
      const [status] = await projectionStatus(setup.pool, store);
      expect(status!.stopped).toMatchObject({ type: 'ItemAdded', streamId: 'cart-1', message: 'bad item' });
      expect(await counts()).toEqual({ a: 1 });
      // Others are not held up.
      await until(async () => (await counts('other_counts'))['b'] === 1);
      await expect(whenCaughtUp(setup.pool, store, { timeoutMs: 50 })).rejects.toMatchObject({
        code: { code: 'eventstore.not_caught_up' },
        message: '"item-counts" has stopped: bad item',
      });
      mended.is = true;
      await resumeProjection(setup.pool, store, 'item-counts');
      await caughtUp();
      expect(await counts()).toEqual({ a: 1, bad: 1, b: 1 });
    },
  );

  it.each(['history', 'live'])('is skipped when told so (%s), and kept with its reason', async (phase) => {
    if (phase === 'history') for (const sku of ['a', 'bad', 'b']) await append(sku);
    run(failing('stop', { is: false }));
    if (phase === 'live') {
      await until(async () => (await projectionStatus(setup.pool, store))[0]?.phase === 'live');
      await store.append(setup.pool, 'cart-1', [added('a'), added('bad'), added('b')]);
    }
    await until(async () => (await projectionStatus(setup.pool, store))[0]?.phase === 'stopped');
    await resumeProjection(setup.pool, store, 'item-counts', { skip: true });
    await caughtUp();
    expect(await counts()).toEqual({ a: 1, b: 1 });
    expect(await parkedEvents(setup.pool, store, 'item-counts')).toMatchObject([
      { message: 'bad item', streamId: 'cart-1' },
    ]);
  });

  it('is parked by that policy, and the others are written', async () => {
    for (const sku of ['a', 'bad', 'b']) await append(sku);
    run(failing('park', { is: false }));
    await caughtUp();
    await append('bad');
    await append('c');
    await caughtUp();
    expect(await counts()).toEqual({ a: 1, b: 1, c: 1 });
    const parked = await parkedEvents(setup.pool, store, 'item-counts');
    expect(parked.map(({ message }) => message)).toEqual(['bad item', 'bad item']);
    expect((await projectionStatus(setup.pool, store))[0]).toMatchObject({ phase: 'live', parked: 2 });
  });
});

describe('a new version', () => {
  it('is built beside the live one, which goes on, and takes its place when it has caught up', async () => {
    for (let n = 0; n < 300; n++) await append('a', `cart-${n % 3}`);
    const first = run(itemCounts());
    await caughtUp();
    await first.close();
    let held = true;
    const second = itemCounts({
      version: 2,
      batchEvents: 50,
      before: async () => {
        while (held) await systemClock.sleep(5);
      },
    });
    run(itemCounts(), second);
    await until(async () => (await projectionStatus(setup.pool, store)).length === 2);
    await append('b');
    await until(async () => (await counts())['b'] === 1);
    expect(await quantities()).toEqual({ a: 300, b: 1 });
    held = false;
    await until(async () => {
      const status = await projectionStatus(setup.pool, store);
      return status.length === 1 && status[0]!.version === 2;
    });
    await append('c');
    await caughtUp();
    expect(await quantities()).toEqual({ a: 600, b: 2, c: 2 });
    const { rows } = await setup.pool.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
    expect(rows).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it('alone is built while readers see the old one; an older program does not undo it', async () => {
    await append('a');
    const first = run(itemCounts());
    await caughtUp();
    await first.close();
    const second = run(itemCounts({ version: 2 }));
    await until(async () => (await projectionStatus(setup.pool, store))[0]?.version === 2);
    expect(await quantities()).toEqual({ a: 2 });
    await second.close();
    run(itemCounts({ version: 1 }));
    await until(async () => errors.length > 0);
    expect(errors[0]).toMatchObject({ code: { code: 'eventstore.definition_invalid' } });
    expect(await quantities()).toEqual({ a: 2 });
  });

  it('may be the same version again', async () => {
    let factor = 1;
    const wrong = itemCounts({
      before: () => {
        if (factor === 1) throw new Error('wrong');
      },
      onError: { live: 'park' },
    });
    await append('a');
    run(wrong);
    await caughtUp();
    expect(await counts()).toEqual({});
    factor = 2;
    await rebuildProjection(setup.pool, store, 'item-counts');
    await until(async () => (await counts())['a'] === 1);
    await append('a');
    await caughtUp();
    expect(await counts()).toEqual({ a: 2 });
  });
});

describe('a group', () => {
  it('whose slot is gone says so, and is rebuilt from the table when told to', async () => {
    const first = run(itemCounts());
    await append('a');
    await caughtUp();
    await first.close();
    await append('b');
    await setup.pool.query('SELECT pg_drop_replication_slot(slot) FROM eventstore.groups');
    run(itemCounts());
    await until(async () => errors.length > 0);
    expect(errors[0]).toMatchObject({ code: { code: 'eventstore.slot_lost' } });
    expect(await counts()).toEqual({ a: 1 });
    await resetGroup(setup.pool, store, { url: setup.database.url });
    await until(async () => (await counts())['b'] === 1);
    await append('b');
    await caughtUp();
    expect(await counts()).toEqual({ a: 1, b: 2 });
  });

  it('of a database that was restored into another cluster says so, and goes on when the ids are mended', async () => {
    const first = run(itemCounts());
    await append('a');
    await caughtUp();
    await first.close();
    // Ids as a cluster has them that is far ahead; the slot did not come along.
    await setup.pool.query(`UPDATE eventstore.events SET transaction_id = '999999999999'`);
    await setup.pool.query('SELECT pg_drop_replication_slot(slot) FROM eventstore.groups');
    run(itemCounts());
    await until(async () => errors.length > 0);
    expect(errors[0]).toMatchObject({ code: { code: 'eventstore.other_cluster' } });
    await setup.pool.query(`UPDATE eventstore.events SET transaction_id = '3'`);
    await resetGroup(setup.pool, store, { url: setup.database.url });
    await append('b');
    await until(async () => (await counts())['b'] === 1);
    expect(await counts()).toEqual({ a: 1, b: 1 });
  });

  it('lets the server remove its log once every projection has it, and not before', async () => {
    const confirmed = async (): Promise<string> => {
      const { rows } = await setup.pool.query<{ lsn: string }>(
        'SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = (SELECT slot FROM eventstore.groups)',
      );
      return rows[0]!.lsn;
    };
    let held = false;
    run(
      itemCounts(),
      itemCounts({
        name: 'slow-counts',
        before: async () => {
          while (held) await systemClock.sleep(5);
        },
      }),
    );
    await append('a');
    await caughtUp();
    held = true;
    const before = await confirmed();
    await append('b');
    await until(async () => (await counts())['b'] === 1);
    expect(await confirmed()).toBe(before);
    held = false;
    await caughtUp();
    await until(async () => (await confirmed()) !== before);
    expect(await counts('slow_counts')).toEqual({ a: 1, b: 1 });
  });

  it('forgets a projection that is dropped', async () => {
    const runner = run(itemCounts());
    await append('a');
    await caughtUp();
    await runner.close();
    await dropProjection(setup.pool, store, itemCounts());
    expect(await projectionStatus(setup.pool, store)).toEqual([]);
    const { rows } = await setup.pool.query(`SELECT relname FROM pg_class WHERE relname LIKE 'item_counts%'`);
    expect(rows).toEqual([]);
  });
});
