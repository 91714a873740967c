import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Catalog, SecretBox } from '@millrace/catalog';
import { MemberBoard, type MemberFacts } from '@millrace/cluster';
import { systemClock, ulids } from '@millrace/kernel';
import { RedisServer, type TestDatabase, testPostgres } from '@millrace/testing';
import { Redis } from 'ioredis';
import pg from 'pg';
import { WorkerProcess } from './worker-process.ts';

const WAIT_MS_MAX = 40_000;

let metadata: TestDatabase;
let source: TestDatabase;
let server: RedisServer;
let catalog: Catalog;
let shop: pg.Client;
let redis: Redis;
let board: MemberBoard;
const workers: WorkerProcess[] = [];

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonicMs() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadline) {
      const log = workers.flatMap(({ lines }, index) => lines.slice(-15).map((line) => `${index}: ${line}`));
      throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}\n${log.join('\n')}`);
    }
    await systemClock.sleep(20);
  }
}

const members = async (): Promise<readonly MemberFacts[]> => (await board.list(systemClock.nowMs())).members;
const untilRunBy = (name: string, jobs: number): Promise<void> =>
  until(`${name} runs ${jobs} jobs`, async () => {
    const member = (await members()).find((each) => each.name === name);
    return member?.jobs.length === jobs;
  });
const submit = async (name: string): Promise<string> => {
  const job = await catalog.jobs.create(ulids.next(), {
    name,
    document: {
      name,
      snapshotInterval: '200ms',
      stages: {
        rows: { source: 'shop', tables: ['public.items'] },
        // Each change a row: one that came twice would be seen.
        copy: { input: 'rows', sink: 'warehouse', mode: 'append', table: name },
      },
    },
    uses: { source: ['shop'], sink: ['warehouse'] },
  });
  return job.id;
};
/** Ids of new rows and how often each was delivered, in one text. */
const deliveries = async (table: string): Promise<string> => {
  const { rows } = await shop.query<{ rows: string; all: string }>(
    `SELECT count(DISTINCT id) AS rows, count(*) AS all FROM public.${table}`,
  );
  return `${rows[0]!.rows} of ${rows[0]!.all}`;
};
const untilDelivered = (table: string, rows: number): Promise<void> =>
  until(`${rows} rows in ${table}`, async () => (await deliveries(table).catch(() => '')) === `${rows} of ${rows}`);
/** Inserts rows one transaction after the other until it is stopped; resolves with how many. */
function keepInserting(from: number): () => Promise<number> {
  let isOver = false;
  const writing = (async () => {
    const client = new pg.Client(source.url);
    await client.connect();
    let next = from;
    for (; !isOver; next++) await client.query(`INSERT INTO items VALUES (${next})`);
    await client.end();
    return next - from;
  })();
  return () => {
    isOver = true;
    return writing;
  };
}

beforeAll(async () => {
  const postgres = await testPostgres();
  [metadata, source] = await Promise.all([postgres.createDatabase('metadata'), postgres.createDatabase('shop')]);
  server = await RedisServer.start();
  redis = new Redis(server.url);
  board = new MemberBoard(redis);
  const secretKey = randomBytes(32).toString('base64');
  const env = { MILLRACE_DATABASE_URL: metadata.url, MILLRACE_REDIS_URL: server.url, MILLRACE_SECRET_KEY: secretKey };
  catalog = await Catalog.open({ url: metadata.url, secretBox: SecretBox.of(secretKey), env: {} });
  shop = new pg.Client(source.url);
  await shop.connect();
  await shop.query('CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items SELECT generate_series(1, 100)');
  const { host, port, user, password, database } = source.connection;
  const definition = {
    config: { host, port, user, database, ssl: 'disable' },
    secrets: (password === undefined || password === '' ? {} : { password }) as Record<string, string>,
  };
  await catalog.sources.create(ulids.next(), { name: 'shop', type: 'postgres', ...definition });
  await catalog.sinks.create(ulids.next(), { name: 'warehouse', type: 'jdbc', ...definition });
  workers.push(new WorkerProcess(env), new WorkerProcess(env));
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill('SIGKILL')));
  redis?.disconnect();
  await shop?.end();
  await catalog?.[Symbol.asyncDispose]();
  for (const database of [metadata, source]) await database?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

describe('a member that is drained', () => {
  it('gives its jobs to the other, each change once, takes none until that is undone, and then does', async () => {
    await until('both are there', async () => (await members()).length === 2);
    const first = await submit('first');
    await untilDelivered('first', 100);
    await until('it shows', async () => (await members()).some(({ jobs }) => jobs.length === 1));
    const from = (await members()).find(({ jobs }) => jobs.length === 1)!.name;
    const to = (await members()).find(({ name }) => name !== from)!.name;
    let stop = keepInserting(1_000);
    await board.drain(from, systemClock.nowMs());
    await untilRunBy(to, 1);
    await untilRunBy(from, 0);
    const drained = (await members()).find(({ name }) => name === from);
    expect(drained?.state).toBe('drained');
    let rows = 100 + (await stop());
    await untilDelivered('first', rows);
    const executions = await catalog.executions.list(first);
    expect(executions.map(({ member, fate }) => [member, fate])).toEqual([
      [to, null],
      [from, 'released'],
    ]);
    await submit('second');
    await untilRunBy(to, 2);
    await untilDelivered('second', rows);
    // And back.
    await board.undoDrain(from);
    await until('it takes jobs', async () => (await members()).every(({ state }) => state === 'active'));
    stop = keepInserting(100_000);
    await board.drain(to, systemClock.nowMs());
    await untilRunBy(from, 2);
    await untilRunBy(to, 0);
    rows += await stop();
    await untilDelivered('first', rows);
    await untilDelivered('second', rows);
    const drainedWorker = workers.find(({ pid }) => to.endsWith(`:${pid}`))!;
    expect(await drainedWorker.kill('SIGTERM')).toBe(0);
    expect((await members()).map(({ name }) => name)).toEqual([from]);
    expect(await redis.hlen('millrace:drains')).toBe(0);
  });
});
