import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Catalog, SecretBox } from '@millrace/catalog';
import { EXECUTION_QUEUE, FiguresBoard, figuresKey, MemberBoard, POKE_CHANNEL } from '@millrace/cluster';
import { systemClock, ulids } from '@millrace/kernel';
import { RedisServer, type TestDatabase, testPostgres } from '@millrace/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { WorkerProcess } from './worker-process.ts';

const WAIT_MS_MAX = 40_000;

let metadata: TestDatabase;
let source: TestDatabase;
let target: TestDatabase;
let server: RedisServer;
let catalog: Catalog;
let shop: pg.Client;
let warehouse: pg.Client;
let redis: Redis;
let board: FiguresBoard;
let jobId: string;
let env: NodeJS.ProcessEnv;
const workers: WorkerProcess[] = [];

const startWorker = (): WorkerProcess => {
  const worker = new WorkerProcess(env);
  workers.push(worker);
  return worker;
};

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonicMs() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadline) {
      const log = workers.flatMap(({ lines }, index) => lines.slice(-15).map((line) => `${index}: ${line}`));
      throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}\n${log.join('\n')}`);
    }
    await systemClock.sleep(20);
  }
}

const rowsOf = async (client: pg.Client): Promise<unknown[]> =>
  (await client.query('SELECT id, body, amount FROM public.items ORDER BY id')).rows;

/** The target has exactly what the source has. */
async function untilEqual(): Promise<void> {
  const expected = JSON.stringify(await rowsOf(shop));
  await until('target equals source', async () => {
    const rows = await rowsOf(warehouse).catch(() => undefined);
    return JSON.stringify(rows) === expected;
  });
}

beforeAll(async () => {
  const postgres = await testPostgres();
  [metadata, source, target] = await Promise.all([
    postgres.createDatabase('metadata'),
    postgres.createDatabase('shop'),
    postgres.createDatabase('warehouse'),
  ]);
  server = await RedisServer.start();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  board = new FiguresBoard(redis);
  const secretKey = randomBytes(32).toString('base64');
  env = { MILLRACE_DATABASE_URL: metadata.url, MILLRACE_REDIS_URL: server.url, MILLRACE_SECRET_KEY: secretKey };
  catalog = await Catalog.open({ url: metadata.url, secretBox: SecretBox.of(secretKey), env: {} });
  shop = new pg.Client(source.url);
  warehouse = new pg.Client(target.url);
  await Promise.all([shop.connect(), warehouse.connect()]);
  await shop.query('CREATE TABLE public.items (id int PRIMARY KEY, body text, amount numeric)');
  await shop.query("INSERT INTO public.items SELECT i, 'row ' || i, i / 7.0 FROM generate_series(1, 2000) i");
  const definition = ({ host, port, user, password, database }: TestDatabase['connection']) => ({
    config: { host, port, user, database, ssl: 'disable' },
    secrets: (password === undefined || password === '' ? {} : { password }) as Record<string, string>,
  });
  await catalog.sources.create(ulids.next(), { name: 'shop', type: 'postgres', ...definition(source.connection) });
  await catalog.sinks.create(ulids.next(), { name: 'warehouse', type: 'jdbc', ...definition(target.connection) });
  jobId = ulids.next();
  await catalog.jobs.create(jobId, {
    name: 'copy',
    document: {
      name: 'copy',
      guarantee: 'exactly-once',
      snapshotInterval: '200ms',
      stages: {
        items: { source: 'shop', tables: ['public.items'] },
        copy: { input: 'items', sink: 'warehouse' },
      },
    },
    uses: { source: ['shop'], sink: ['warehouse'] },
  });
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill('SIGKILL')));
  redis.disconnect();
  await Promise.all([shop.end(), warehouse.end()]);
  await catalog[Symbol.asyncDispose]();
  for (const database of [metadata, source, target]) await database[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

describe('a worker', () => {
  it('finds a job that nobody put on the queue, loads its tables and follows the changes', async () => {
    startWorker();
    await untilEqual();
    await shop.query("UPDATE public.items SET body = 'changed' WHERE id % 10 = 0");
    await shop.query('DELETE FROM public.items WHERE id % 11 = 0');
    await untilEqual();
    expect((await catalog.jobs.get(jobId)).status).toBe('RUNNING');
    await until('figures', async () => (await redis.get(figuresKey(jobId))) !== null);
    const figures = JSON.parse((await redis.get(figuresKey(jobId)))!);
    expect(figures).toMatchObject({ jobId, status: 'RUNNING', member: expect.stringContaining(':') });
    // What was changed above has been shown by the sink: the lag is counted there.
    await until('a lag', async () => (await board.figures(jobId))?.lag.of === 'sink');
    const told = (await board.figures(jobId))!;
    expect(told.lag.p99Ms).toBeGreaterThan(0);
    expect(told.edges).toEqual([expect.objectContaining({ from: 'items', to: 'copy', rows: told.flow.in })]);
    expect(told.vertices.map(({ isSource, isSink }) => [isSource, isSink])).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(told.vertices[0]!.custom['table.rows public.items']).toBe(2_000);
    const { durationMs, alignMs, writeMs, commitMs } = told.snapshot!;
    expect(alignMs + writeMs + commitMs).toBeCloseTo(durationMs);
    expect((await board.snapshots(jobId)).length).toBeGreaterThan(0);
    const { members } = await new MemberBoard(redis).list(systemClock.nowMs());
    expect(members).toMatchObject([
      { name: told.member, jobs: [{ id: jobId, name: 'copy' }], threads: expect.any(Number) },
    ]);
  });

  it('killed with SIGKILL under load is replaced within seconds, and nothing is lost or repeated', async () => {
    let last = workers.at(-1)!;
    for (let kill = 0; kill < 3; kill++) {
      for (let batch = 0; batch < 20; batch++) {
        const first = 10_000 + kill * 1_000 + batch * 50;
        await shop.query(
          `INSERT INTO public.items SELECT i, 'kill ${kill}', i FROM generate_series(${first}, ${first + 49}) i`,
        );
        await shop.query(`UPDATE public.items SET amount = amount + 1 WHERE id BETWEEN ${first - 100} AND ${first}`);
        if (batch === 10) {
          expect(await last.kill('SIGKILL')).toBe('SIGKILL');
          last = startWorker();
        }
      }
      await untilEqual();
    }
    expect((await catalog.jobs.get(jobId)).generation).toBeGreaterThanOrEqual(4);
    const executions = await catalog.executions.list(jobId);
    expect(executions[0]).toMatchObject({ fate: null, endedAt: null });
    expect(executions.filter(({ fate }) => fate === 'lost').length).toBeGreaterThanOrEqual(1);
  });

  it('hands its jobs on when it is asked to end', async () => {
    const before = await catalog.jobs.get(jobId);
    expect(await workers.at(-1)!.kill('SIGTERM')).toBe(0);
    expect((await catalog.jobs.get(jobId)).status).toBe('NOT_RUNNING');
    expect((await catalog.executions.list(jobId))[0]).toMatchObject({ fate: 'released', error: null });
    await shop.query("INSERT INTO public.items VALUES (50000, 'while nobody ran', 1)");
    startWorker();
    await untilEqual();
    expect((await catalog.jobs.get(jobId)).generation).toBe(before.generation + 1);
  });

  it('INV-3 that was paused and wakes up after another took over writes nothing, and stops', async () => {
    startWorker();
    const ready = (worker: WorkerProcess): boolean => worker.lines.some((line) => line.includes('takes executions'));
    await until('both are ready', () => workers.slice(-2).every(ready));
    let paused: WorkerProcess | undefined;
    await until('figures', async () => {
      const { member = '' } = JSON.parse((await redis.get(figuresKey(jobId))) ?? '{}') as { member?: string };
      paused = workers.slice(-2).find(({ pid }) => member.endsWith(`:${pid}`));
      return paused !== undefined;
    });
    const older = paused!;
    const { generation } = await catalog.jobs.get(jobId);
    const writing = shop.query("INSERT INTO public.items SELECT i, 'paused', i FROM generate_series(60000, 61000) i");
    older.signal('SIGSTOP');
    await writing;
    await until('taken over', async () => (await catalog.jobs.get(jobId)).generation > generation);
    await untilEqual();
    older.signal('SIGCONT');
    await until('the older one stops', () => older.lines.some((line) => line.includes('superseded')));
    await shop.query('DELETE FROM public.items WHERE id BETWEEN 60100 AND 60200');
    await untilEqual();
    expect((await catalog.jobs.get(jobId)).generation).toBe(generation + 1);
    expect(await older.kill('SIGTERM')).toBe(0);
    // The tests below speak of the last one.
    if (workers.at(-1) === older) workers.splice(-2, 2, older, workers.at(-2)!);
  });

  it('goes on after Redis and all its queue are gone for a while', async () => {
    await server.down('SIGKILL');
    await shop.query("INSERT INTO public.items VALUES (50001, 'while Redis was away', 1)");
    await untilEqual();
    await server.up();
    await shop.query("INSERT INTO public.items VALUES (50002, 'when Redis was back', 1)");
    await untilEqual();
    const queue = new Queue(EXECUTION_QUEUE, { connection: redis });
    await queue.obliterate({ force: true });
    await queue.close();
    expect(await workers.at(-1)!.kill('SIGKILL')).toBe('SIGKILL');
    startWorker();
    await shop.query("INSERT INTO public.items VALUES (50003, 'when the queue was lost', 1)");
    await untilEqual();
    const told = workers.at(-2)!.lines.filter((line) => line.includes('Redis is away'));
    expect(told).toHaveLength(1);
  });

  it('suspends and resumes by poke, and cancels', async () => {
    await catalog.jobs.suspend(jobId);
    await redis.publish(POKE_CHANNEL, jobId);
    await until('suspended', async () => (await catalog.jobs.get(jobId)).status === 'SUSPENDED');
    await shop.query("INSERT INTO public.items VALUES (50010, 'while suspended', 1)");
    await catalog.jobs.resume(jobId);
    await untilEqual();
    await catalog.jobs.cancel(jobId);
    await redis.publish(POKE_CHANNEL, jobId);
    await until('cancelled', async () => (await catalog.jobs.get(jobId)).status === 'FAILED');
    expect((await catalog.jobs.get(jobId)).error).toMatchObject({ code: 'job.cancelled' });
  });
});

describe('a worker that cannot start', () => {
  it('says which settings are wrong, all at once', async () => {
    const worker = new WorkerProcess({ ...env, MILLRACE_REDIS_URL: 'http://x', MILLRACE_WORKER_THREADS: '0' });
    expect(await worker.exited()).toBe(1);
    expect(worker.lines.join('\n')).toMatch(/MILLRACE_REDIS_URL[\s\S]*MILLRACE_WORKER_THREADS/);
  });

  it('refuses a Redis that would lose snapshots, and says which setting to change', async () => {
    await using volatile = await RedisServer.start({ settings: { appendonly: 'no' } });
    const worker = new WorkerProcess({ ...env, MILLRACE_REDIS_URL: volatile.url });
    expect(await worker.exited()).toBe(1);
    expect(worker.lines.join('\n')).toContain('CONFIG SET appendonly yes');
  });
});
