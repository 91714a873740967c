import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Catalog, SecretBox } from '@millrace/catalog';
import { POKE_CHANNEL } from '@millrace/cluster';
import { systemClock, ulids } from '@millrace/kernel';
import { RedisServer, type TestDatabase, testPostgres } from '@millrace/testing';
import { Redis } from 'ioredis';
import pg from 'pg';
import { WorkerProcess } from './worker-process.ts';

const WAIT_MS_MAX = 40_000;
const ROWS = 6_000;

let metadata: TestDatabase;
let source: TestDatabase;
let target: TestDatabase;
let server: RedisServer;
let catalog: Catalog;
let shop: pg.Client;
let warehouse: pg.Client;
let redis: Redis;
let env: NodeJS.ProcessEnv;
let worker: WorkerProcess;
const jobId = ulids.next();

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonicMs() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadline) {
      throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}\n${worker.lines.slice(-15).join('\n')}`);
    }
    await systemClock.sleep(10);
  }
}

const imageOf = async (client: pg.Client, table: string): Promise<string> => {
  const rows = `SELECT string_agg(concat_ws(' ', id, v), ',' ORDER BY id) AS image, count(*)::int AS count FROM ${table}`;
  const { rows: found } = await client.query<{ image: string; count: number }>(rows);
  return `${found[0]!.count}: ${found[0]!.image}`;
};
const countAtTarget = async (): Promise<number> =>
  (await warehouse.query<{ count: number }>('SELECT count(*)::int AS count FROM items')).rows[0]!.count;
const untilEqual = async (): Promise<void> => {
  for (const table of ['items', 'other']) {
    const expected = await imageOf(shop, table);
    await until(`${table} equals the source`, async () => {
      const image = await imageOf(warehouse, table).catch(() => '');
      return image === expected;
    });
  }
};
const stateKnows = async (id: string): Promise<boolean> => {
  const { rows } = await catalogRows<{ state: Buffer }>('SELECT state FROM millrace.snapshot_witness');
  return rows[0]!.state.includes(id);
};
const catalogRows = async <Row extends pg.QueryResultRow>(sql: string): Promise<{ rows: Row[] }> => ({
  rows: await metadata.query<Row>(sql),
});

beforeAll(async () => {
  const postgres = await testPostgres();
  [metadata, source, target] = await Promise.all([
    postgres.createDatabase('metadata'),
    postgres.createDatabase('shop'),
    postgres.createDatabase('warehouse'),
  ]);
  server = await RedisServer.start();
  redis = new Redis(server.url);
  const secretKey = randomBytes(32).toString('base64');
  env = { MILLRACE_DATABASE_URL: metadata.url, MILLRACE_REDIS_URL: server.url, MILLRACE_SECRET_KEY: secretKey };
  catalog = await Catalog.open({ url: metadata.url, secretBox: SecretBox.of(secretKey), env: {} });
  shop = new pg.Client(source.url);
  warehouse = new pg.Client(target.url);
  await Promise.all([shop.connect(), warehouse.connect()]);
  await shop.query(`
    CREATE TABLE items (id int PRIMARY KEY, v int); CREATE TABLE other (id int PRIMARY KEY, v int);
    INSERT INTO items SELECT i, 0 FROM generate_series(1, ${ROWS}) i; INSERT INTO other SELECT i, 0 FROM generate_series(1, 100) i`);
  const definition = ({ host, port, user, password, database }: TestDatabase['connection']) => ({
    config: { host, port, user, database, ssl: 'disable' },
    secrets: (password === undefined || password === '' ? {} : { password }) as Record<string, string>,
  });
  await catalog.sources.create(ulids.next(), { name: 'shop', type: 'postgres', ...definition(source.connection) });
  await catalog.sinks.create(ulids.next(), { name: 'warehouse', type: 'jdbc', ...definition(target.connection) });
  await catalog.jobs.create(jobId, {
    name: 'copy',
    document: {
      name: 'copy',
      snapshotInterval: '200ms',
      stages: {
        rows: { source: 'shop', tables: ['public.items', 'public.other'], chunkRows: 100 },
        copy: { input: 'rows', sink: 'warehouse' },
      },
    },
    uses: { source: ['shop'], sink: ['warehouse'] },
  });
  worker = new WorkerProcess(env);
});

afterAll(async () => {
  await worker?.kill('SIGKILL');
  redis?.disconnect();
  await Promise.all([shop?.end(), warehouse?.end()]);
  await catalog?.[Symbol.asyncDispose]();
  for (const database of [metadata, source, target]) await database?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

describe('a table that is loaded again', () => {
  it('is repaired while it changes, once, although the worker is killed before and while it reads', async () => {
    await untilEqual();
    await warehouse.query('DELETE FROM items WHERE id % 2 = 0');
    const damaged = await countAtTarget();
    // The load waits for whoever has changed the table before it, so there is a time to kill the worker in.
    const writer = new pg.Client(source.url);
    await writer.connect();
    await writer.query('BEGIN; UPDATE items SET v = 1 WHERE id = 2');
    const load = await catalog.tableLoads.request(jobId, { id: ulids.next(), stage: 'rows', tables: ['public.items'] });
    await redis.publish(POKE_CHANNEL, jobId);
    await until('the state knows the load', () => stateKnows(load.id));
    const { generation } = await catalog.jobs.get(jobId);
    expect(await worker.kill('SIGKILL')).toBe('SIGKILL');
    await shop.query(
      'UPDATE other SET v = v + 1; DELETE FROM items WHERE id % 10 = 4; UPDATE items SET v = 7 WHERE id % 10 = 6',
    );
    worker = new WorkerProcess(env);
    await until('another execution', async () => (await catalog.jobs.get(jobId)).generation > generation);
    await shop.query('INSERT INTO items VALUES (100001, 1); UPDATE items SET id = id + 200000 WHERE id % 100 = 8');
    await writer.query('COMMIT');
    await writer.end();
    await until('rows are read', async () => (await countAtTarget()) > damaged);
    expect(await worker.kill('SIGKILL')).toBe('SIGKILL');
    await shop.query(
      'UPDATE items SET v = v + 1 WHERE id % 3 = 0; DELETE FROM items WHERE id % 50 = 2; UPDATE other SET v = v + 1',
    );
    worker = new WorkerProcess(env);
    await untilEqual();
    await until('the load is over', async () => (await catalog.tableLoads.open(jobId)).length === 0);
    expect(await catalog.tableLoads.list(jobId)).toMatchObject([{ id: load.id, outcome: 'done' }]);
    // What is over is not begun again by the next restart, and the state forgets it.
    await warehouse.query('DELETE FROM items WHERE id = 1');
    await catalog.jobs.restart(jobId);
    await redis.publish(POKE_CHANNEL, jobId);
    await until('the state has forgotten the load', async () => !(await stateKnows(load.id)));
    await shop.query('INSERT INTO other VALUES (-1, 0)');
    await until('changes', async () => (await warehouse.query('SELECT FROM other WHERE id = -1')).rowCount === 1);
    expect((await warehouse.query('SELECT FROM items WHERE id = 1')).rowCount).toBe(0);
  });

  it('belongs to a job that is cancelled in the middle of it: the load ends with the job', async () => {
    const writer = new pg.Client(source.url);
    await writer.connect();
    await writer.query('BEGIN; UPDATE items SET v = 2 WHERE id = 3');
    const load = await catalog.tableLoads.request(jobId, { id: ulids.next(), stage: 'rows', tables: ['public.items'] });
    await redis.publish(POKE_CHANNEL, jobId);
    await until('the state knows the load', () => stateKnows(load.id));
    await catalog.jobs.cancel(jobId);
    await redis.publish(POKE_CHANNEL, jobId);
    await until('cancelled', async () => (await catalog.jobs.get(jobId)).status === 'FAILED');
    await writer.query('ROLLBACK');
    await writer.end();
    expect((await catalog.tableLoads.list(jobId))[0]).toMatchObject({ id: load.id, outcome: null });
    expect((await catalog.jobs.get(jobId)).error).toMatchObject({ code: 'job.cancelled' });
  });
});
