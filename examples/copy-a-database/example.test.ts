import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

type Document = { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

/** Everything that files of the lake say, in the order of their names. */
const lines = (directory: string): { op: string; after: { id: number } | null }[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ndjson'))
    .sort()
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as { op: string; after: { id: number } | null });

it('copies, reshapes and logs as its README says', async () => {
  const lake = mkdtempSync(join(tmpdir(), 'millrace-lake-'));
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, target } = platform;
  await source.query(`
    create table customers (id int primary key, name text);
    create table orders (id bigint primary key, customer_id int, total numeric(10,2), status text);
    insert into customers values (1, 'Ada'), (2, 'Grace');
    insert into orders values (1, 1, 9.50, 'new'), (2, 2, 20.00, 'new');
  `);
  const connect = (to: typeof source): Record<string, unknown> => {
    const { password, ...connection } = to.connection;
    return password === undefined ? connection : { ...connection, password };
  };
  const [shop, warehouse, files] = [document('source'), document('sink'), document('files')];
  await rest.post('sources', { ...shop, config: { ...shop.config, ...connect(source) } });
  await rest.post('sinks', { ...warehouse, config: { ...warehouse.config, ...connect(target) } });
  await rest.post('sinks', { ...files, config: { directory: lake } });
  await rest.post('jobs', document('job'));

  const count = async (table: string): Promise<number> =>
    (
      await target.query<{ count: number }>(`select count(*)::int as count from ${table}`).catch(() => [{ count: 0 }])
    )[0]!.count;
  while ((await count('orders')) < 2 || (await count('amounts')) < 2 || lines(lake).length < 2) await pause();
  await source.query(
    `begin; update orders set status = 'paid' where id = 1; insert into orders values (3, 1, 0.01, 'new'); delete from orders where id = 2; commit`,
  );
  while (lines(lake).length < 5 || (await target.query('select 1 from amounts where id = 3')).length === 0)
    await pause();
  while ((await target.query('select 1 from orders where id = 3')).length === 0) await pause();

  expect(await target.query('select * from customers order by id')).toEqual([
    { id: 1, name: 'Ada' },
    { id: 2, name: 'Grace' },
  ]);
  expect(await target.query('select id::int, total::text, status from orders order by id')).toEqual([
    { id: 1, total: '9.50', status: 'paid' },
    { id: 3, total: '0.01', status: 'new' },
  ]);
  expect(await target.query('select id::int, amount::text, state from amounts order by id')).toEqual([
    { id: 1, amount: '9.50', state: 'paid' },
    { id: 3, amount: '0.01', state: 'new' },
  ]);
  const log = lines(lake).map(({ op, after }) => `${op} ${after?.id ?? '-'}`);
  expect(log.slice(0, 2).sort()).toEqual(['r 1', 'r 2']);
  expect(log.slice(2)).toEqual(['u 1', 'c 3', 'd -']);
  rmSync(lake, { recursive: true });
}, 120_000);
