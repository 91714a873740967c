import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  buildInline,
  currentPosition,
  EventStore,
  migrate,
  projection,
  projectionStatus,
  runProjections,
  subscribe,
  waitFor,
} from '@millrace/eventstore';
import { projectionSpec, specify, whenCaughtUp } from '@millrace/eventstore/testing';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import pg from 'pg';
import { Cart, type CartEvent, CartIsEmpty, cartSummary, cartTypes } from './cart.ts';

let database: TestDatabase;
let pool: pg.Pool;
let url: string;

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase('carts');
  url = database.url;
  // #region open
  pool = new pg.Pool({ connectionString: url });
  pool.on('error', (error) => console.error('an idle connection was cut:', error.message));
  await migrate(pool);
  // #endregion
});
afterAll(async () => {
  await pool.end();
  await database[Symbol.asyncDispose]();
});

// #region store
const store = new EventStore({ types: [cartTypes] });
// #endregion

const item = (sku: string): CartEvent => ({ type: 'ItemAdded', data: { sku, quantity: 1, price: 5 } });

it('appends to a stream and reads it', async () => {
  // #region append
  const { version } = await store.append<CartEvent>(
    pool,
    'cart-1',
    [{ type: 'ItemAdded', data: { sku: 'tea', quantity: 2, price: 4 } }],
    { expectedVersion: 'none', metadata: { actor: 'ann', correlationId: 'request-7' } },
  );
  // #endregion
  expect(version).toBe(1);
  // #region transaction
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('CREATE TABLE IF NOT EXISTS notes (text text)');
  await client.query(`INSERT INTO notes VALUES ('written with the event, or not at all')`);
  await store.append<CartEvent>(client, 'cart-1', [item('milk')], { expectedVersion: version });
  await client.query('COMMIT');
  client.release();
  // #endregion
  const skus: string[] = [];
  // #region read
  for await (const event of store.readStream<CartEvent>(pool, 'cart-1')) {
    if (event.type === 'ItemAdded') skus.push(event.data.sku);
  }
  // #endregion
  expect(skus).toEqual(['tea', 'milk']);
});

describe('a cart', () => {
  // #region decider-spec
  const given = specify(Cart);
  const tea: CartEvent = { type: 'ItemAdded', data: { sku: 'tea', quantity: 2, price: 4 } };

  it('can be paid once, when there is something in it', () => {
    given([tea])
      .when({ do: 'checkout' })
      .then({ type: 'CheckedOut', data: { total: 8 } });
    given([tea, { type: 'CheckedOut', data: { total: 8 } }])
      .when({ do: 'checkout' })
      .thenNothing();
    given().when({ do: 'checkout' }).thenThrows(CartIsEmpty);
  });
  // #endregion

  it('is handled from its events', async () => {
    // #region handle
    await Cart.handle(store, pool, '2', { do: 'add', sku: 'tea', quantity: 2, price: 4 });
    const { state, version } = await Cart.handle(store, pool, '2', { do: 'checkout' }, { commandId: 'checkout-2' });
    // #endregion
    expect({ state, version }).toEqual({ state: { total: 8, isCheckedOut: true }, version: 2 });
  });
});

// #region projection-spec
it('is summed up', async () => {
  await projectionSpec(cartSummary, pool)
    .given({ streamId: 'cart-1', events: [item('tea'), item('milk'), { type: 'CheckedOut', data: { total: 10 } }] })
    .thenRows('cart_summary', [{ cart: 'cart-1', items: 2, is_paid: true }]);
});
// #endregion

it('projects, and a reader finds what it has written', async () => {
  // #region run
  await using runner = runProjections({
    projections: [cartSummary],
    store,
    pool,
    url,
    onError: (error) => console.error('projections:', error),
  });
  // #endregion
  // #region wait
  await store.append<CartEvent>(pool, 'cart-3', [item('tea')]);
  const position = await currentPosition(pool);
  await waitFor(pool, store, 'cart-summary', position, { timeoutMs: 30_000 });
  const { rows } = await pool.query(`SELECT items FROM cart_summary WHERE cart = 'cart-3'`);
  // #endregion
  expect(rows).toEqual([{ items: 1 }]);
  // #region caught-up
  await whenCaughtUp(pool, store, { timeoutMs: 30_000 });
  // #endregion
  // #region status
  const [status] = await projectionStatus(pool, store);
  // #endregion
  expect(status).toMatchObject({ name: 'cart-summary', role: 'live', phase: 'live', parked: 0 });
  expect(runner.isLeading).toBe(true);
});

it('subscribes', async () => {
  const mails: string[] = [];
  const sendMail = async (to: string): Promise<number> => mails.push(to);
  // #region subscribe
  await using paid = subscribe<CartEvent>({ name: 'mailer', store, pool, url, types: ['CheckedOut'] });
  for await (const { event, ack } of paid) {
    await sendMail(event.streamId);
    await ack();
    if (mails.length === 1) break;
  }
  // #endregion
  expect(mails).toEqual(['cart-2']);
});

it('writes an inline projection with the append', async () => {
  // #region inline
  const skus = projection({
    name: 'skus',
    version: 1,
    types: cartTypes,
    tables: { skus: (table) => `CREATE TABLE ${table} (sku text PRIMARY KEY)` },
    on: {
      ItemAdded: ({ data }, { tx, table }) =>
        tx.query(`INSERT INTO ${table('skus')} VALUES ($1) ON CONFLICT DO NOTHING`, [data.sku]),
    },
  });
  const withSkus = new EventStore({ types: [cartTypes], inline: [skus] });
  await buildInline(pool, withSkus, skus);
  await withSkus.append<CartEvent>(pool, 'cart-4', [item('bread')]);
  // #endregion
  expect((await pool.query('SELECT sku FROM skus')).rows).toContainEqual({ sku: 'bread' });
});
