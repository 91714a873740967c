import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventStore } from '../store/event-store.ts';
import { type StoreDatabase, storeDatabase } from '../test-support/store-database.ts';
import { aggregate } from './aggregate.ts';

type Counted = { readonly type: 'Counted'; readonly data: { readonly by: number } };

let setup: StoreDatabase;
const store = new EventStore();

beforeAll(async () => {
  setup = await storeDatabase();
});
afterAll(async () => {
  await setup[Symbol.asyncDispose]();
});

/** Counts how many events it had to look at. */
function counter(options: { version?: number; snapshotEvery?: number }) {
  const seen = { events: 0 };
  return {
    seen,
    counter: aggregate<{ sum: number }, number, Counted>({
      name: 'counter',
      ...options,
      initial: () => ({ sum: 0 }),
      decide(by, { sum }) {
        if (sum + by > 100) throw new Error('too much');
        return by === 0 ? [] : { type: 'Counted', data: { by } };
      },
      evolve: ({ sum }, { data }) => {
        seen.events += 1;
        return { sum: sum + data.by };
      },
    }),
  };
}

describe('an aggregate', () => {
  it('decides on its state, and appends what follows', async () => {
    const { counter: one } = counter({});
    expect(await one.handle(store, setup.pool, '1', 5)).toMatchObject({ state: { sum: 5 }, version: 1 });
    expect(await one.handle(store, setup.pool, '1', 0)).toEqual({ state: { sum: 5 }, version: 1, appended: undefined });
    await expect(one.handle(store, setup.pool, '1', 96)).rejects.toThrow('too much');
    expect(await one.load(store, setup.pool, '1')).toEqual({ state: { sum: 5 }, version: 1 });
  });

  it('handles commands that come at once one after the other', async () => {
    const { counter: one } = counter({});
    const handled = await Promise.allSettled(Array.from({ length: 8 }, () => one.handle(store, setup.pool, '2', 20)));
    expect(handled.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(await one.load(store, setup.pool, '2')).toEqual({ state: { sum: 100 }, version: 5 });
  });

  it('handles a command once, however often it comes', async () => {
    const { counter: one } = counter({});
    const command = { commandId: 'command-3' };
    await Promise.all(Array.from({ length: 5 }, () => one.handle(store, setup.pool, '3', 60, command)));
    expect(await one.handle(store, setup.pool, '3', 60, command)).toMatchObject({ state: { sum: 60 }, version: 1 });
  });

  it('goes on from a snapshot, but not from one of another version of itself', async () => {
    const first = counter({ snapshotEvery: 10 });
    for (let n = 0; n < 25; n++) await first.counter.handle(store, setup.pool, '4', 1);
    const again = counter({ snapshotEvery: 10 });
    expect(await again.counter.load(store, setup.pool, '4')).toEqual({ state: { sum: 25 }, version: 25 });
    expect(again.seen.events).toBe(5);
    const next = counter({ snapshotEvery: 10, version: 2 });
    expect(await next.counter.load(store, setup.pool, '4')).toEqual({ state: { sum: 25 }, version: 25 });
    expect(next.seen.events).toBe(25);
    for (let n = 0; n < 5; n++) await next.counter.handle(store, setup.pool, '4', 1);
    const later = counter({ snapshotEvery: 10, version: 2 });
    await later.counter.load(store, setup.pool, '4');
    expect(later.seen.events).toBe(0);
  });
});
