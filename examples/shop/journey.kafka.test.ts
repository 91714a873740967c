import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fromPg, Outbox } from '@millrace/sdk';
import { testKafka } from '@millrace/testing';
import pg from 'pg';
import { type Books, differences, isSettled, readBooks } from './start/books.ts';
import { configuration } from './start/configuration.ts';
import { Customers, type Intention, ON_HAND, SKUS } from './start/customers.ts';
import { openShop, type Shop } from './start/shop.ts';

const START_MS_MAX = 120_000;
const JOURNEY_MS_MAX = 180_000;
const CUSTOMERS = ['ann', 'bob', 'cleo', 'dan'];
const ROUNDS = 12;
const INTENTIONS: readonly Intention[] = ['pay', 'cancel', 'pay', 'cancel at once', 'pay', 'want too much'];
const ENDS: Readonly<Record<Intention, string>> = {
  pay: 'billed',
  cancel: 'cancelled',
  'cancel at once': 'cancelled',
  'want too much': 'rejected',
};
const CLI = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
const run = promisify(execFile);

let shop: Shop;

beforeAll(async () => {
  const { brokers } = await testKafka();
  shop = await openShop({ brokers, topic: `invoices-${Date.now()}`, show: () => {} });
}, START_MS_MAX);
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
});

const send = async (method: string, url: string, body?: object) => {
  const init =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch(url, { method, ...init });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

async function settled(): Promise<Books> {
  for (;;) {
    const books = await readBooks(shop);
    if (isSettled(books) && differences(books).length === 0) return books;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

it(
  'reserves, bills and sends each order once, whatever is killed',
  async () => {
    const { services, platform } = shop;
    for (const sku of SKUS) await send('PUT', `${services.stock.url}/items/${sku}`, { onHand: ON_HAND });
    const customers = new Customers(services.orders.url);
    const intended = new Map<string, string>();
    const shopping = CUSTOMERS.map(async (customer, index) => {
      for (let round = 0; round < ROUNDS; round++) {
        const id = `${customer}-${round}`;
        const intention = INTENTIONS[(round + index) % INTENTIONS.length]!;
        intended.set(id, ENDS[intention]);
        await customers.order(id, { customer, sku: SKUS[round % SKUS.length]!, intention });
      }
    });
    const killing = async (): Promise<void> => {
      await untilPlaced(customers, 10);
      await services.stock.replace();
      await untilPlaced(customers, 20);
      await platform.workers[0]!.kill();
      await platform.workers[0]!.start();
      await untilPlaced(customers, 30);
      await services.billing.replace();
    };
    await Promise.all([...shopping, killing()]);
    const { orders, invoices, messages } = await settled();
    expect(Object.fromEntries(orders.map(({ id, status }) => [id, status]))).toEqual(Object.fromEntries(intended));
    expect([invoices.length, messages.length]).toEqual([24, 24]);

    // A little later nothing has come twice.
    await customers.order('last', { customer: 'ann', sku: 'tea', intention: 'pay' });
    const after = await settled();
    expect([after.orders.length, after.invoices.length, after.messages.length]).toEqual([49, 25, 25]);
    // What came again was known: without `once` it would have been refused by a constraint.
    for (const job of ['orders', 'stock', 'billing'])
      expect(await platform.rest.get(`jobs/${job}/dead-letters`)).toMatchObject({ items: [] });
  },
  JOURNEY_MS_MAX,
);

async function untilPlaced(customers: Customers, count: number): Promise<void> {
  while (customers.placed < count) await new Promise((resolve) => setTimeout(resolve, 10));
}

it('answers what cannot be done with what is wrong', async () => {
  const orders = `${shop.services.orders.url}/orders`;
  const order = { customer: 'eve', sku: 'tea', quantity: 1, cents: 250 };
  expect(await send('PUT', `${orders}/eve-1`, { ...order, quantity: 0 })).toMatchObject({ status: 400 });
  expect(await send('POST', `${orders}/eve-1/pay`)).toMatchObject({
    status: 409,
    body: { message: 'an order that is unknown cannot be paid' },
  });
  expect((await send('GET', `${orders}/eve-1`)).status).toBe(404);
  expect(await send('PUT', `${orders}/eve-1`, order)).toMatchObject({ status: 200, body: { status: 'placed' } });
  expect((await send('PUT', `${orders}/eve-1`, { ...order, quantity: 2 })).status).toBe(409);
  expect((await send('POST', `${orders}/eve-1/cancel`)).body).toEqual({ id: 'eve-1', status: 'cancelled' });
  // Again is harmless.
  expect((await send('POST', `${orders}/eve-1/cancel`)).body).toEqual({ id: 'eve-1', status: 'cancelled' });
  expect((await send('POST', `${orders}/eve-1/pay`)).status).toBe(409);
});

it('has the tables of other services as millrace typegen writes them', async () => {
  const written = async (source: string, table: string): Promise<string> => {
    const args = ['typegen', '--api', shop.platform.apiUrl, '--source', source, '--tables', table];
    return (await run(process.execPath, [CLI, ...args])).stdout.replaceAll('"', "'").trim();
  };
  const file = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8').trim();
  expect(file('./stock/orders.ts')).toBe(await written('orders', 'public.orders'));
  expect(file('./billing/orders.ts')).toBe(file('./stock/orders.ts'));
  expect(file('./orders/reservations.ts')).toBe(await written('stock', 'public.reservations'));
});

it('tells how each service is, and ends in order', async () => {
  for (const service of Object.values(shop.services)) {
    expect(await send('GET', `${service.url}/health`)).toMatchObject({
      status: 200,
      body: { details: { database: { status: 'up' }, millrace: { status: 'up' } } },
    });
    expect(await service.stop()).toBe(0);
  }
});

it('has the job of the outbox in its configuration as the SDK makes it', () => {
  const outbox = new Outbox({ executor: fromPg(new pg.Pool()) });
  expect(configuration.jobs).toEqual([outbox.job({ source: 'billing', sink: 'kafka' })]);
});
