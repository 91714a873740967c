import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { bundleJob } from '../../apps/cli/src/submit/bundle-job.ts';

const JOB = JSON.parse(readFileSync(new URL('./job.json', import.meta.url), 'utf8')) as {
  readonly stages: { readonly scored: { readonly mapAsync: { module: string } } };
};
const SCORING = fileURLToPath(new URL('./scoring.ts', import.meta.url));
const ROUNDS = 30;
const PER_ROUND = 10;
const KILLS = new Set([8, 19]);
const LAST = '2026-12-01 00:00+00';

/** What each table of the warehouse must hold, in SQL over the shop. */
const EXPECTED: Readonly<Record<string, string>> = {
  paid_orders: "select id, customer, country, total, status from orders where status = 'paid' and total > 20",
  computed_orders:
    "select id, round(total * 1.19, 2) as gross, upper(left(country, 2)) || '-' || id as label, total > 50 as is_big from orders",
  countries: 'select distinct country from orders',
  first_orders: 'select min(id) as id, customer from orders group by customer',
  country_totals:
    'select country, count(*) as orders, sum(total) as total, round(avg(total), 4) as mean from orders group by country',
  named_orders:
    "select o.id, coalesce(c.name, 'nobody') as who, c.since from orders o left join customers c on c.id = o.customer",
  scored_orders: `
    select id, (total * 100)::int8 as score, jsonb_build_object('country', country) as tags,
      case when id % 3 = 0 then null else 'order ' || id end as remark from orders`,
  volumes:
    "select 'orders' as kind, count(*) as count, sum(total) as amount from orders union all select 'payments', count(*), sum(amount) from payments",
  matches: `
    select o.id as order_id, coalesce(p.id, 0) as payment_id, o.total - coalesce(p.amount, 0) as open
    from orders o left join payments p on p.order_id = o.id and date_trunc('hour', p.paid_at) = date_trunc('hour', o.placed_at)
    where o.placed_at < '${LAST}'`,
  busy_times: `
    select min(placed_at) as window_start, country, count(*) as orders from (
      select *, sum(is_start) over (partition by country order by placed_at) as session from (
        select *, case when placed_at - lag(placed_at) over (partition by country order by placed_at) < interval '30 minutes' then 0 else 1 end as is_start
        from orders where placed_at < '${LAST}') marked) numbered
    group by country, session`,
};

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

it('every stage of a declarative job gives what SQL gives, exactly once under kill -9', async () => {
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, target, workers } = platform;
  await source.query(`
    create table orders (id int primary key, customer text not null, country text not null, total numeric(10,2) not null, status text not null, placed_at timestamptz not null);
    create table payments (id int primary key, order_id int not null, amount numeric(10,2) not null, paid_at timestamptz not null);
    create table customers (id text primary key, name text, since date);
    insert into customers select 'c' || n, 'name ' || n, date '2020-01-01' + n from generate_series(0, 12) n;
    alter table orders replica identity full;
  `);
  const connect = (to: typeof source): Record<string, unknown> => {
    const { password, ...connection } = to.connection;
    return { ssl: 'disable', ...connection, ...(password === undefined ? {} : { password }) };
  };
  await rest.post('sources', { name: 'shop', type: 'postgres', config: connect(source) });
  await rest.post('sinks', { name: 'warehouse', type: 'jdbc', config: connect(target) });
  JOB.stages.scored.mapAsync.module = (
    await rest.post<{ sha256: string }>('modules', { code: await bundleJob(SCORING) })
  ).sha256;
  await rest.post('jobs', JOB);

  // Grouping counts events: an order that comes while its table is being loaded is read and streamed. The load ends first.
  await source.query("insert into orders values (0, 'c99', 'de', 30, 'paid', '2026-11-27 04:00+00')");
  const isThere = () => target.query('select 1 from computed_orders where id = 0').catch(() => []);
  while ((await isThere()).length === 0) await pause(100);

  const worker = workers[0]!;
  for (let round = 0; round < ROUNDS; round++) {
    // Ten orders, a quarter of an hour: six hours and a half in all, with a pause now and then.
    await source.query(
      `insert into orders select id, 'c' || id % 17, (array['de', 'fr', 'it'])[1 + id % 3], (id * 7 % 100) + 0.25, 'new',
         timestamptz '2026-11-27 06:00+00' + (id * 90 + (id / 40) * 2400) * interval '1 second'
       from generate_series($1::int, $1::int + $2::int - 1) id`,
      [1 + round * PER_ROUND, PER_ROUND],
    );
    await source.query(
      `insert into payments select id, id, total - id % 2, placed_at + (id % 5) * interval '10 minutes' from orders where id > $1 and id % 2 = 0`,
      [round * PER_ROUND],
    );
    await source.query("update orders set status = 'paid' where id in (select order_id from payments) and id % 3 <> 0");
    await source.query("update orders set status = 'returned' where status = 'paid' and id % 7 = 0");
    if (KILLS.has(round)) {
      await worker.kill();
      await worker.start();
    }
  }
  // What comes much later closes the windows.
  await source.query(`insert into orders values (9999, 'c0', 'de', 1, 'new', '${LAST}')`);
  await source.query(`insert into payments values (9999, 0, 1, '${LAST}')`);

  const columns = async (from: typeof source, sql: string): Promise<string[]> =>
    Object.keys((await from.query(`select * from (${sql}) x limit 1`))[0] ?? {});
  for (const [table, sql] of Object.entries(EXPECTED)) {
    const names = await columns(source, sql);
    const all = (from: string) =>
      `select ${names.map((name) => `${name}::text`).join(', ')} from ${from} order by ${names.map((_, index) => index + 1).join(', ')}`;
    const expected = await source.query(all(`(${sql}) expected`));
    let found: unknown = [];
    for (let tries = 0; tries < 200; tries++) {
      found = await target.query(all(table)).catch(() => []);
      if (JSON.stringify(found) === JSON.stringify(expected)) break;
      await pause(100);
    }
    if (JSON.stringify(found) !== JSON.stringify(expected))
      console.log(JSON.stringify(await rest.peek('jobs'), null, 1));
    expect({ table, rows: found }).toEqual({ table, rows: expected });
    expect(expected.length).toBeGreaterThan(1);
  }
}, 300_000);
