import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { testMariadb } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

type Document = { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

const ROUNDS = 16;
const KILLS = new Set([5, 11]);
const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

it('keeps a table equal by polling under kill -9, and appends a report once', async () => {
  await using shop = await (await testMariadb()).createDatabase('poll');
  await shop.query(`create table orders (
    id int primary key, country varchar(2) not null, amount decimal(12,2) not null,
    changed_at datetime(6) not null default current_timestamp(6) on update current_timestamp(6), key (changed_at, id))`);
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source: warehouse, workers } = platform;
  const registered = ({ password, ...place }: Record<string, unknown>, of: Document) => {
    const { password: _, ...config } = of.config;
    return { ...of, config: { ...config, ...place, ssl: 'disable', ...(password === undefined ? {} : { password }) } };
  };
  await rest.post('sources', registered({ ...shop.connection }, document('source')));
  await rest.post('sinks', registered({ ...warehouse.connection }, document('sink')));
  await rest.post('jobs', document('job'));

  // A transaction that begins now and commits when later orders have long been read.
  const slow = await shop.connect();
  await slow.beginTransaction();
  await slow.query("insert into orders (id, country, amount) values (1000, 'fr', 7.25)");
  for (let round = 0; round < ROUNDS; round++) {
    const values = [0, 1, 2, 3, 4].map((at) => `(${round * 5 + at}, '${['de', 'fr', 'it'][at % 3]}', ${round}.${at}5)`);
    await shop.query(`insert into orders (id, country, amount) values ${values.join(', ')}`);
    // By their keys, so that it does not wait for the slow transaction.
    await shop.query(`update orders set amount = amount + 1000000 where id in (${round * 5}, ${round * 3}, ${round})`);
    if (KILLS.has(round)) {
      await workers[0]!.kill();
      await workers[0]!.start();
    }
  }
  const rows = 'select id, country, amount, changed_at from orders where id < 1000 order by id';
  const wanted = await shop.query(rows);
  const arrived = async (): Promise<unknown[]> => {
    const found = await warehouse.query<Record<string, string>>(
      'select id, country, amount::text as amount, changed_at::text as changed_at from public.orders order by id',
    );
    return found.map((row) => ({ ...row, changed_at: `${row['changed_at']}000000`.slice(0, 26) }));
  };
  const isThere = async (count: number): Promise<boolean> => (await arrived().catch(() => [])).length === count;
  while (!(await isThere(wanted.length))) await pause(200);
  await slow.commit();
  await slow.end();
  while (!(await isThere(wanted.length + 1))) await pause(200);
  const all = await shop.query(rows.replace('where id < 1000', ''));
  while (JSON.stringify(await arrived()) !== JSON.stringify(all)) await pause(200);
  expect(await arrived()).toEqual(all);

  await rest.post('jobs', document('report'));
  const status = async () => (await rest.peek<{ status: string }>('jobs/sales-by-country'))?.status;
  while ((await status()) !== 'COMPLETED') await pause(200);
  const report = await warehouse.query(
    'select country, orders::text as orders, amount::text as amount from sales_by_country order by country',
  );
  expect(report).toEqual(
    await shop.query(
      'select country, count(*) as orders, sum(amount) as amount from orders group by country order by country',
    ),
  );
}, 120_000);
