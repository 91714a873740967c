import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { Worker } from 'bullmq';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

const document = (name: string) =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Record<string, unknown>;

const ROWS = 20;
const ROUNDS = 6;
const KILLED_AT = 3;
const WAIT_MS_MAX = 60_000;

it('makes every change of a table one job, under kill -9', async () => {
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, redis, workers } = platform;
  await source.query(`
    create table orders (id int primary key, version int not null);
    insert into orders select id, 0 from generate_series(1, ${ROWS}) id`);
  const { password, ...connection } = source.connection;
  const shop = document('source') as { config: object };
  await rest.post('sources', {
    ...shop,
    config: { ...shop.config, ...connection, ...(password === undefined ? {} : { password }) },
  });
  await rest.post('sinks', { ...document('sink'), config: { host: '127.0.0.1', port: redis.port } });
  await rest.post('jobs', document('job'));

  const done: string[] = [];
  const worker = new Worker<{ readonly op: string; readonly row: { readonly id: number; readonly version: number } }>(
    'orders',
    async ({ data: { op, row } }) => {
      done.push(`${op} ${row.id} ${row.version}`);
    },
    { connection: { host: '127.0.0.1', port: redis.port } },
  );
  const until = async (count: number): Promise<void> => {
    const deadline = performance.now() + WAIT_MS_MAX;
    while (done.length < count && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const expected = Array.from({ length: ROWS }, (_, index) => `r ${index + 1} 0`);
  await until(ROWS);
  for (let round = 1; round <= ROUNDS; round++) {
    await source.query('update orders set version = $1::int where id % 5 = $1::int % 5', [round]);
    for (let id = 1; id <= ROWS; id++) if (id % 5 === round % 5) expected.push(`u ${id} ${round}`);
    if (round !== KILLED_AT) continue;
    await workers[0]!.kill();
    await workers[0]!.start();
  }
  await until(expected.length);
  // Whatever would come twice has come with the next snapshot.
  await source.query('insert into orders values (1000, 1)');
  expected.push('c 1000 1');
  await until(expected.length);
  await worker.close();
  expect(done.toSorted()).toEqual(expected.toSorted());
}, 180_000);
