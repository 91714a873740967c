import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { EventStore } from '../store/event-store.ts';
import { added, type CartEvent, cartTypes } from '../test-support/carts.ts';
import { type StoreDatabase, storeDatabase } from '../test-support/store-database.ts';
import { currentPosition, waitFor } from './caught-up.ts';
import { type Delivery, type Subscription, type SubscriptionOptions, subscribe } from './subscription.ts';

const store = new EventStore({ types: [cartTypes] });
let setup: StoreDatabase;
let open: Subscription[] = [];

beforeEach(async () => {
  setup = await storeDatabase();
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((subscription) => subscription.close()));
  await setup[Symbol.asyncDispose]();
});

function begin(options: Partial<SubscriptionOptions> = {}): Subscription<CartEvent> {
  const subscription = subscribe<CartEvent>({
    name: 'mailer',
    store,
    pool: setup.pool,
    url: setup.database.url,
    ...options,
  });
  open.push(subscription);
  return subscription;
}
const append = (sku: string, streamId = 'cart-1') => store.append(setup.pool, streamId, [added(sku)]);
const skuOf = ({ event }: Delivery<CartEvent>): string => (event.type === 'ItemAdded' ? event.data.sku : event.type);

/** The next `count` deliveries; all of them acknowledged but the last `unacknowledged`. */
async function take(subscription: Subscription<CartEvent>, count: number, unacknowledged = 0): Promise<string[]> {
  const skus: string[] = [];
  for await (const delivery of subscription) {
    skus.push(skuOf(delivery));
    if (skus.length <= count - unacknowledged) await delivery.ack();
    if (skus.length === count) break;
  }
  return skus;
}

describe('a subscription', () => {
  it('gives what there was and what comes, and after a restart what was not acknowledged', async () => {
    await append('a');
    await append('b');
    const first = begin();
    expect(await take(first, 2)).toEqual(['a', 'b']);
    await append('c');
    await append('d');
    expect(await take(first, 2, 1)).toEqual(['c', 'd']);
    await first.close();
    await append('e');
    expect(await take(begin(), 2)).toEqual(['d', 'e']);
  });

  it('restarts in the middle of history behind what was acknowledged', async () => {
    for (const sku of ['a', 'b', 'c', 'd']) await append(sku);
    const first = begin();
    expect(await take(first, 3, 1)).toEqual(['a', 'b', 'c']);
    await first.close();
    expect(await take(begin(), 2)).toEqual(['c', 'd']);
  });

  it('begins with what comes, of some categories and types, when told so', async () => {
    await append('old');
    const subscription = begin({ from: 'now', categories: ['cart'], types: ['ItemAdded'] });
    const deadline = systemClock.monotonicMs() + 30_000;
    while (!subscription.isLeading && systemClock.monotonicMs() < deadline) await systemClock.sleep(10);
    await waitFor(setup.pool, store, 'mailer', undefined, { timeoutMs: 30_000 });
    await append('other', 'order-1');
    await store.append(setup.pool, 'cart-1', [{ type: 'CheckedOut', data: { total: 1 } }, added('new')]);
    expect(await take(subscription, 1)).toEqual(['new']);
  });

  it('tells who waits when an event was acknowledged', async () => {
    const subscription = begin();
    await append('a');
    const position = await currentPosition(setup.pool);
    await expect(waitFor(setup.pool, store, 'mailer', position, { timeoutMs: 300 })).rejects.toMatchObject({
      code: { domain: 'external' },
    });
    expect(await take(subscription, 1)).toEqual(['a']);
    await waitFor(setup.pool, store, 'mailer', position, { timeoutMs: 30_000 });
  });

  it('is taken over by another process, which gets what was not acknowledged', async () => {
    const first = begin();
    await append('a');
    expect(await take(first, 1)).toEqual(['a']);
    const second = begin();
    await append('b');
    expect(await take(first, 1, 1)).toEqual(['b']);
    expect([first.isLeading, second.isLeading]).toEqual([true, false]);
    await first.close();
    expect(await take(second, 1)).toEqual(['b']);
  });

  it('ends its iteration when it is closed', async () => {
    const subscription = begin();
    await append('a');
    const skus: string[] = [];
    for await (const delivery of subscription) {
      skus.push(skuOf(delivery));
      await subscription.close();
    }
    expect(skus).toEqual(['a']);
  });
});
