import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DomainEvent, NewEvent, StoredEvent } from '../events/event.ts';
import { buildInline } from '../projections/inline-build.ts';
import { projection } from '../projections/projection.ts';
import { migrate, migrationSql } from '../schema/migrate.ts';
import { added, type CartEvent, cartTypes } from '../test-support/carts.ts';
import { type StoreDatabase, storeDatabase } from '../test-support/store-database.ts';
import { EventStore } from './event-store.ts';

let setup: StoreDatabase;
const store = new EventStore({ types: [cartTypes] });
const loose = new EventStore();

beforeAll(async () => {
  setup = await storeDatabase();
});
afterAll(async () => {
  await setup[Symbol.asyncDispose]();
});

async function all(events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const list: StoredEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}
const read = (streamId: string, options = {}) => all(store.readStream(setup.pool, streamId, options));

describe('append', () => {
  it('keeps events with their metadata, in order, and reads them in both directions and in parts', async () => {
    const result = await store.append<CartEvent>(
      setup.pool,
      'cart-1',
      [added('a'), { ...added('b', 2), metadata: { actor: 'ann' } }],
      { expectedVersion: 'none', metadata: { actor: 'system', tenant: 't1', correlationId: 'c1' } },
    );
    expect(result).toEqual({ version: 2, position: expect.any(Number), repeated: false });
    await store.append<CartEvent>(setup.pool, 'cart-1', [added('c')], { expectedVersion: 2 });
    const events = await read('cart-1');
    expect(events.map(({ version, data, metadata }) => ({ version, data, metadata }))).toEqual([
      { version: 1, data: { sku: 'a', quantity: 1 }, metadata: { actor: 'system', tenant: 't1', correlationId: 'c1' } },
      { version: 2, data: { sku: 'b', quantity: 2 }, metadata: { actor: 'ann', tenant: 't1', correlationId: 'c1' } },
      { version: 3, data: { sku: 'c', quantity: 1 }, metadata: {} },
    ]);
    expect(events[1]!.position).toBe(result.position);
    expect(events[0]!.recordedAt).toBeInstanceOf(Date);
    expect((await read('cart-1', { direction: 'backward', limit: 2 })).map(({ version }) => version)).toEqual([3, 2]);
    expect((await read('cart-1', { from: 2, limit: 1 })).map(({ version }) => version)).toEqual([2]);
    expect(await read('cart-none')).toEqual([]);
  });

  it.each([
    { expectedVersion: 'none', there: 1 },
    { expectedVersion: 'exists', there: 0 },
    { expectedVersion: 3, there: 1 },
    { expectedVersion: 1, there: 0 },
  ] as const)(
    'refuses expectedVersion $expectedVersion of a stream at version $there',
    async ({ expectedVersion, there }) => {
      const streamId = `wrong-${expectedVersion}-${there}`;
      for (let n = 0; n < there; n++) await store.append(setup.pool, streamId, [added('a')]);
      const client = await setup.pool.connect();
      await client.query('BEGIN');
      await expect(store.append(client, streamId, [added('b')], { expectedVersion })).rejects.toMatchObject({
        code: { code: 'eventstore.wrong_version' },
        message: `stream "${streamId}" is at version ${there}, expected was ${expectedVersion}`,
        details: { actualVersion: there },
      });
      // The transaction is not spoilt.
      await store.append(client, streamId, [added('c')], { expectedVersion: there });
      await client.query('COMMIT');
      client.release();
      expect(await read(streamId)).toHaveLength(there + 1);
    },
  );

  it('gives the first result for the same ids again, and refuses a part of them or another stream', async () => {
    const events: NewEvent[] = [
      { ...added('a'), id: 'same-1' },
      { ...added('b'), id: 'same-2' },
    ];
    const first = await store.append(setup.pool, 'again-1', events, { expectedVersion: 'none' });
    await store.append(setup.pool, 'again-1', [added('more')]);
    for (const expectedVersion of ['none', 'any', 3] as const) {
      const again = await store.append(setup.pool, 'again-1', events, { expectedVersion });
      expect(again).toEqual({ ...first, repeated: true });
    }
    const taken = { code: { code: 'eventstore.event_id_taken' } };
    await expect(store.append(setup.pool, 'again-1', [events[0]!, added('c')])).rejects.toMatchObject(taken);
    await expect(store.append(setup.pool, 'again-2', events)).rejects.toMatchObject(taken);
    await expect(store.append(setup.pool, 'again-2', [events[1]!], { expectedVersion: 7 })).rejects.toMatchObject(
      taken,
    );
    expect(await read('again-1')).toHaveLength(3);
    expect(await read('again-2')).toEqual([]);
  });

  it('points to the field that does not fit, and to near names of an unknown type', async () => {
    const bad = { type: 'ItemAdded', data: { sku: 'a', quantity: 0 } };
    await expect(store.append(setup.pool, 'bad-1', [added('a'), bad])).rejects.toMatchObject({
      code: { code: 'eventstore.event_invalid' },
      pointer: '/1/data/quantity',
    });
    await expect(store.append(setup.pool, 'bad-1', [{ type: 'ItemAded', data: {} }])).rejects.toMatchObject({
      code: { code: 'eventstore.unknown_event_type' },
      pointer: '/0/type',
      mend: 'Did you mean "ItemAdded"?',
    });
    expect(await read('bad-1')).toEqual([]);
  });

  it('is rolled back with the transaction it is part of', async () => {
    const client = await setup.pool.connect();
    await client.query('BEGIN');
    await store.append(client, 'rolled-1', [added('a')]);
    await client.query('ROLLBACK');
    client.release();
    expect(await read('rolled-1')).toEqual([]);
  });

  it('has data come back as it went in, whatever JSON it is', async () => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 5 }), async (values) => {
        const streamId = `json-${n++}`;
        await loose.append(
          setup.pool,
          streamId,
          values.map((data) => ({ type: 'Any', data })),
        );
        const events = await all(loose.readStream(setup.pool, streamId));
        expect(events.map(({ data }) => data)).toEqual(JSON.parse(JSON.stringify(values)));
      }),
      { numRuns: 50 },
    );
  });

  it('says how to set it up when it is not', async () => {
    const elsewhere = new EventStore({ schema: 'nowhere' });
    await expect(elsewhere.append(setup.pool, 'cart-1', [added('a')])).rejects.toMatchObject({
      code: { code: 'eventstore.not_migrated' },
    });
  });
});

describe('an append beside others', () => {
  it('follows the model: one winner for each version, no gap, nothing lost', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            count: fc.integer({ min: 1, max: 3 }),
            expected: fc.constantFrom('any', 'seen', 'none', 'exists'),
          }),
          { minLength: 2, maxLength: 12 },
        ),
        async (appends) => {
          const streamId = `model-${run++}`;
          const seen = (await read(streamId)).length;
          const outcomes = await Promise.allSettled(
            appends.map(({ count, expected }, index) =>
              loose.append<DomainEvent>(
                setup.pool,
                streamId,
                Array.from({ length: count }, (_, n) => ({ type: 'Made', data: { index, n } })),
                { expectedVersion: expected === 'seen' ? seen : (expected as 'any') },
              ),
            ),
          );
          const events = await all(loose.readStream(setup.pool, streamId));
          expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1));
          const won = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
          // All who won, whole and in one piece; nobody else.
          expect(new Set(events.map(({ data }) => (data as { index: number }).index))).toEqual(new Set(won));
          for (const index of won) {
            const mine = events.filter(({ data }) => (data as { index: number }).index === index);
            expect(mine.map(({ data }) => (data as { n: number }).n)).toEqual(mine.map((_, n) => n));
            expect(mine).toHaveLength(appends[index]!.count);
            expect(mine.at(-1)!.version - mine[0]!.version).toBe(mine.length - 1);
          }
          const firsts = won.filter((index) => ['seen', 'none'].includes(appends[index]!.expected));
          expect(firsts.length).toBeLessThanOrEqual(1);
          for (const outcome of outcomes) {
            if (outcome.status === 'rejected')
              expect(outcome.reason).toMatchObject({ code: { code: 'eventstore.wrong_version' } });
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('decides anew until it is at the stream’s version', async () => {
    await Promise.all(
      Array.from({ length: 8 }, () =>
        loose.handle<{ type: 'Counted'; data: number }>(setup.pool, 'counter-1', (events) => [
          { type: 'Counted', data: (events.at(-1)?.data ?? 0) + 1 },
        ]),
      ),
    );
    const events = await all(loose.readStream(setup.pool, 'counter-1'));
    expect(events.map(({ data }) => data)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await expect(
      loose.handle(setup.pool, 'counter-1', async (events) => {
        // Somebody else is always faster.
        await loose.append(setup.pool, 'counter-1', [{ type: 'Other', data: events.length }]);
        return [{ type: 'Counted', data: 0 }];
      }),
    ).rejects.toMatchObject({ code: { code: 'eventstore.wrong_version' } });
    expect(await loose.handle(setup.pool, 'counter-1', () => [])).toBeUndefined();
  });
});

describe('reading', () => {
  it('gives a category and everything as of when it began, in pages, without what comes meanwhile', async () => {
    const mine = new EventStore();
    for (let n = 0; n < 3; n++) {
      const events = Array.from({ length: 300 }, (_, index) => ({
        type: index % 2 === 0 ? 'Even' : 'Odd',
        data: index,
      }));
      await mine.append(setup.pool, `page-${n}`, events);
    }
    const seen: StoredEvent[] = [];
    for await (const event of mine.readCategory(setup.pool, 'page')) {
      if (seen.push(event) === 1) await mine.append(setup.pool, 'page-late', [{ type: 'Odd', data: 0 }]);
    }
    expect(seen).toHaveLength(900);
    expect(seen.map(({ position }) => position)).toEqual(
      seen.map(({ position }) => position).toSorted((a, b) => a - b),
    );
    const odd = await all(mine.readAll(setup.pool, { categories: ['page'], types: ['Odd'], limit: 200 }));
    expect(odd).toHaveLength(200);
    expect(new Set(odd.map(({ type }) => type))).toEqual(new Set(['Odd']));
    expect((await all(mine.readAll(setup.pool))).length).toBeGreaterThan(900);
  });

  it('brings data of older versions to the newest, and refuses what is newer than it knows', async () => {
    await setup.pool.query(
      `SELECT eventstore.append_events('old-1', 'old', 0, '[{"id":"old-1","type":"ItemAdded","v":1,"data":{"item":"x"},"metadata":{}}]')`,
    );
    expect((await read('old-1')).map(({ data }) => data)).toEqual([{ sku: 'x', quantity: 1 }]);
    await setup.pool.query(
      `SELECT eventstore.append_events('old-1', 'old', 1, '[{"id":"old-2","type":"ItemAdded","v":3,"data":{},"metadata":{}}]')`,
    );
    await expect(read('old-1')).rejects.toMatchObject({ code: { code: 'eventstore.event_too_new' } });
  });
});

describe('migrations', () => {
  it('are applied once by however many come, and print as SQL that does the same', async () => {
    await Promise.all(Array.from({ length: 4 }, () => migrate(setup.pool, 'other')));
    expect(await migrate(setup.pool, 'other')).toEqual([]);
    await setup.pool.query(migrationSql('printed'));
    expect(await migrate(setup.pool, 'printed')).toEqual([]);
    const printed = new EventStore({ schema: 'printed' });
    expect(await printed.append(setup.pool, 'a-1', [{ type: 'A', data: null }])).toMatchObject({ version: 1 });
  });
});

describe('an inline projection', () => {
  const totals = projection({
    name: 'inline-totals',
    version: 1,
    types: cartTypes,
    tables: { inline_totals: (table) => `CREATE TABLE ${table} (cart text PRIMARY KEY, items int NOT NULL)` },
    on: {
      ItemAdded: (event, { tx, table }) =>
        tx.query(
          `INSERT INTO ${table('inline_totals')} AS t VALUES ($1, $2)
           ON CONFLICT (cart) DO UPDATE SET items = t.items + excluded.items`,
          [event.streamId, event.data.quantity],
        ),
    },
  });

  it('wants a transaction', async () => {
    const inline = new EventStore({ types: [cartTypes], inline: [totals] });
    const client = await setup.pool.connect();
    await expect(inline.append(client, 'inline-0', [added('a')])).rejects.toMatchObject({
      code: { code: 'eventstore.no_transaction' },
    });
    client.release();
    expect(await read('inline-0')).toEqual([]);
  });

  it('is filled from what there is, written with each append, rolled back with it, and made anew in a new version', async () => {
    const loud = (version: number) =>
      projection({
        name: 'inline-loud',
        version,
        types: cartTypes,
        categories: ['loud'],
        tables: { inline_loud: (sql) => `CREATE TABLE ${sql} (cart text PRIMARY KEY, items int NOT NULL)` },
        on: {
          ItemAdded: (event, { tx, table }) =>
            tx.query(
              `INSERT INTO ${table('inline_loud')} AS t VALUES ($1, $2)
               ON CONFLICT (cart) DO UPDATE SET items = t.items + excluded.items`,
              [event.streamId, event.data.quantity * version],
            ),
        },
      });
    const items = async (): Promise<unknown> => (await setup.pool.query('SELECT * FROM inline_loud')).rows;
    await store.append(setup.pool, 'loud-1', [added('a', 2)]);
    const first = new EventStore({ types: [cartTypes], inline: [loud(1)] });
    await buildInline(setup.pool, first, loud(1));
    await buildInline(setup.pool, first, loud(1));
    const again = [{ ...added('b'), id: 'loud-once' }];
    await first.append(setup.pool, 'loud-1', again);
    await first.append(setup.pool, 'loud-1', again);
    expect(await items()).toEqual([{ cart: 'loud-1', items: 3 }]);
    const client = await setup.pool.connect();
    await client.query('BEGIN');
    await first.append(client, 'loud-1', [added('c')]);
    await client.query('ROLLBACK');
    client.release();
    expect(await items()).toEqual([{ cart: 'loud-1', items: 3 }]);
    await buildInline(setup.pool, store, loud(2));
    expect(await items()).toEqual([{ cart: 'loud-1', items: 6 }]);
    await expect(buildInline(setup.pool, store, loud(1))).rejects.toMatchObject({
      code: { code: 'eventstore.definition_invalid' },
    });
  });
});
