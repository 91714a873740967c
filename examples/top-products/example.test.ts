import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

type Document = { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

const BATCHES = 60;
const SALES_PER_BATCH = 25;
/** Batches after which the worker is killed. */
const KILLS = new Set([12, 25, 26, 44]);

const EXPECTED = `
  select date_trunc('minute', sold_at) as window_start, product, sum(pieces) as pieces, sum(pieces * price) as revenue,
         max(price) filter (where pieces > 1) as dearest
  from sales where product <> 'last' group by 1, 2`;

it('sums sales up by minute and product, exactly once under kill -9', async () => {
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, target, workers } = platform;
  await source.query(
    'create table sales (id bigint primary key, product text not null, pieces int not null, price numeric(8,2) not null, sold_at timestamptz not null)',
  );
  const connect = (to: typeof source): Record<string, unknown> => {
    const { password, ...connection } = to.connection;
    return password === undefined ? connection : { ...connection, password };
  };
  const [shop, warehouse] = [document('source'), document('sink')];
  await rest.post('sources', { ...shop, config: { ...shop.config, ...connect(source) } });
  await rest.post('sinks', { ...warehouse, config: { ...warehouse.config, ...connect(target) } });
  await rest.post('jobs', document('job'));

  // A sale that comes while the table is being loaded would be read and streamed, and counted twice. The load ends first.
  while ((await rest.peek<{ status: string }>('jobs/top-products'))?.status !== 'RUNNING') await pause(100);
  await pause(1_000);

  const worker = workers[0]!;
  for (let batch = 0; batch < BATCHES; batch++) {
    // Five seconds of sales, in order of time: a minute has twelve batches.
    await source.query(
      `insert into sales select $1::int * $2::int + n, 'p' || n * n % 7, 1 + n % 3, (n % 10) + 0.99, timestamptz '2026-11-27 10:00+00' + ($1::int * 5 + n * 0.2) * interval '1 second'
       from generate_series(0, $2::int - 1) n`,
      [batch, SALES_PER_BATCH],
    );
    // Another process of the shop mends a sale: no new sale.
    await source.query('update sales set pieces = pieces where id = $1', [batch * SALES_PER_BATCH]);
    if (KILLS.has(batch)) {
      await worker.kill();
      await worker.start();
    }
    await pause(30);
  }
  // A sale much later lets the windows before it close.
  await source.query("insert into sales values (1000000, 'last', 1, 1, '2026-11-27 12:00+00')");

  const [{ count: expectedCount } = { count: 0 }] = await source.query<{ count: number }>(
    `select count(*)::int as count from (${EXPECTED}) expected`,
  );
  const found = async (): Promise<number> => {
    const rows = await target
      .query<{ count: number }>('select count(*)::int as count from top_products')
      .catch(() => [{ count: 0 }]);
    return rows[0]!.count;
  };
  while ((await found()) < expectedCount) await pause(100);

  const columns = 'window_start::text, product, pieces::text, revenue::text, dearest::text';
  const expected = await source.query(`select ${columns} from (${EXPECTED}) expected order by 1, 2`);
  expect(expected.length).toBe(expectedCount);
  expect(await target.query(`select ${columns} from top_products order by 1, 2`)).toEqual(expected);
}, 180_000);
