import { systemClock } from '@millrace/kernel';
import { createShop, SeededRandom, type ShopSize, ShopTraffic } from '@millrace/testing';
import { connectionOptions, registerShopJob } from '../../../apps/cli/src/demo/shop-job.ts';
import type { Dashboard } from '../open-dashboard.ts';

const SIZE: ShopSize = { customers: 4_000, products: 500, orders: 12_000 };
const TRAFFIC = { writers: 2, pauseMs: 12, bulkEveryMs: undefined };

/** Time until charts have lines, and executions something to tell. */
const SETTLE_MS = 45_000;

/** A shop with traffic, jobs that run, one that failed, records that were set aside, a worker that died. */
export async function setScene(dashboard: Dashboard): Promise<AsyncDisposable> {
  const { platform, source } = dashboard;
  const { rest } = platform;
  const client = await platform.source.connect();
  await createShop(client, SIZE);
  await client.end();
  await source(
    'create table readings (id int primary key, meter text not null, value text not null)',
    "insert into readings select i, 'meter ' || i % 7, (i * 3)::text from generate_series(1, 400) i",
  );
  await registerShopJob(rest, platform.source.connection, platform.target.connection);
  await rest.post('sinks', {
    name: 'reports',
    type: 'jdbc',
    config: connectionOptions(platform.target.connection),
  });
  await rest.post('jobs', {
    name: 'revenue-per-minute',
    stages: {
      orders: { source: 'shop', tables: ['public.orders'] },
      paid: { input: 'orders', filter: "event.op IN ('c', 'r') AND after.status = 'paid'" },
      per_minute: {
        input: 'paid',
        window: { tumbling: '1m', timestamp: 'after.placed_at', lag: '5s', early: '5s' },
        aggregate: { orders: 'count(*)', revenue: 'sum(after.total)' },
      },
      by_customer: { input: 'paid', groupBy: ['after.customer_id'], aggregate: { revenue: 'sum(after.total)' } },
      minutes: { input: 'per_minute', sink: 'reports', table: 'revenue', mode: 'upsert' },
      customers: { input: 'by_customer', sink: 'reports', table: 'customer_revenue', mode: 'upsert' },
    },
  });
  const numbers = (name: string, onError: object) => ({
    name,
    stages: {
      readings: { source: 'shop', tables: ['public.readings'] },
      parsed: { input: 'readings', select: { id: 'after.id', value: 'after.value::int' }, ...onError },
      store: { input: 'parsed', sink: 'reports', table: name.replaceAll('-', '_'), mode: 'upsert' },
    },
  });
  await rest.post('jobs', numbers('meter-readings', { onError: 'dead-letter' }));
  await rest.post('jobs', numbers('meter-readings-strict', {}));
  const traffic = new ShopTraffic({
    url: platform.source.url,
    size: SIZE,
    clock: systemClock,
    random: new SeededRandom(1),
    ...TRAFFIC,
  });
  traffic.start();
  await systemClock.sleep(SETTLE_MS / 3);
  await source(
    "insert into readings values (1001, 'meter 3', 'twelve'), (1002, 'meter 5', '8 kWh'), (1003, 'meter 6', '44')",
  );
  const [worker] = platform.workers;
  await worker!.kill();
  await worker!.start();
  await systemClock.sleep((SETTLE_MS * 2) / 3);
  return { [Symbol.asyncDispose]: () => traffic.stop() };
}
