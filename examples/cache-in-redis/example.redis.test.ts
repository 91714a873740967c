import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

type Document = { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

const ROWS = 40;
const ROUNDS = 12;
const KILL_AT = 6;
const WAIT_MS_MAX = 60_000;

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS_MAX;
  while (!(await isSo()) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
}

it('keeps a hash equal to a table and a stream of all its changes, exactly once under kill -9', async () => {
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, workers } = platform;
  await source.query(`
    create table orders (id int primary key, version int not null);
    insert into orders select id, 0 from generate_series(1, ${ROWS}) id`);
  const { hostname: host, port } = new URL(platform.redis.url);
  const { password, ...connection } = source.connection;
  const [shop, cache] = [document('source'), document('sink')];
  await rest.post('sources', {
    ...shop,
    config: { ...shop.config, ...connection, ...(password === undefined ? {} : { password }) },
  });
  await rest.post('sinks', { ...cache, config: { host, port: Number(port) } });
  await rest.post('jobs', document('job'));

  const redis = new Redis(platform.redis.url);
  try {
    await until(async () => (await redis.xlen('shop:orders:log')) >= ROWS);
    for (let round = 1; round <= ROUNDS; round++) {
      await source.query('update orders set version = $1::int where id % 4 = $1::int % 4', [round]);
      if (round !== KILL_AT) continue;
      await workers[0]!.kill();
      await workers[0]!.start();
    }
    await source.query('delete from orders where id = 7');
    const changes = ROWS + (ROWS / 4) * ROUNDS + 1;
    await until(
      async () => (await redis.xlen('shop:orders:log')) >= changes && !(await redis.hexists('shop:orders', '7')),
    );

    const rows = await source.query('select id, version from orders order by id');
    const cached = Object.values(await redis.hgetall('shop:orders')).map((row) => JSON.parse(row) as { id: number });
    expect(cached.toSorted((a, b) => a.id - b.id)).toEqual(rows);
    const log = (await redis.xrange('shop:orders:log', '-', '+')).map(([, fields]) => `${fields[3]} ${fields[5]}`);
    expect(log).toHaveLength(changes);
    expect(new Set(log).size).toBe(changes);
    expect(log.at(-1)).toBe('d {"id":7}');

    // From the stream into a table of another database: the same rows again.
    const { password: word, ...target } = platform.target.connection;
    const warehouse = document('warehouse');
    await rest.post('sinks', {
      ...warehouse,
      config: { ...warehouse.config, ...target, ...(word === undefined ? {} : { password: word }) },
    });
    await rest.post('sources', { ...cache, config: { host, port: Number(port) } });
    await rest.post('jobs', document('from-stream'));
    const copied = () => platform.target.query('select id, version from orders order by id').catch(() => []);
    await until(async () => JSON.stringify(await copied()) === JSON.stringify(rows));
    expect(await copied()).toEqual(rows);
    const looked = await platform.target.query(
      'select count(*)::int as count from orders where newest = version::text',
    );
    expect(looked).toEqual([{ count: rows.length }]);
  } finally {
    redis.disconnect();
  }
}, 120_000);
