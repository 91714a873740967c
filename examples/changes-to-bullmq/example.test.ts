import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

const document = (name: string) =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Record<string, unknown>;

const ROWS = 20;
const ROUNDS = 6;
/** That are queued in each round. */
const PAYMENTS = 20;
const KILLED_AT = 3;
const WAIT_MS_MAX = 60_000;

it('makes every change of a table one job, and every job of a queue one line of a file, under kill -9', async () => {
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
  const queues = { ...document('sink'), config: { host: '127.0.0.1', port: redis.port } };
  await rest.post('sinks', queues);
  await rest.post('jobs', document('job'));
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bullmq-example-'));
  await rest.post('sources', queues);
  await rest.post('sinks', { name: 'lines', type: 'files', config: { directory: folder } });
  await rest.post('jobs', document('back'));
  const payments = new Queue('payments', { connection: { host: '127.0.0.1', port: redis.port } });

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
    const orders = Array.from({ length: PAYMENTS }, (_, index) => round * PAYMENTS + index);
    await payments.addBulk(orders.map((order) => ({ name: 'paid', data: { order, amount: '9.90' } })));
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

  const paid = (): number[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ndjson') && !name.split('/').some((part) => /^[._]/.test(part)))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
      .map((line) => (JSON.parse(line) as { after: { order: number } }).after.order);
  const orders = Array.from({ length: ROUNDS * PAYMENTS }, (_, index) => PAYMENTS + index);
  const deadline = performance.now() + WAIT_MS_MAX;
  const completed = () => payments.getCompletedCount();
  while ((await completed()) < orders.length && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  // What is completed is in files that readers see.
  expect(paid().toSorted((a, b) => a - b)).toEqual(orders);
  await payments.close();
  rmSync(folder, { recursive: true, force: true });
}, 180_000);
