import { systemClock } from '@millrace/kernel';
import { NatsServer, RedisServer, SeededRandom, type TestDatabase } from '@millrace/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { type Figures, isLoaded } from '../../apps/cli/src/demo/live-line.ts';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { atServer } from '../../libs/connectors/nats/src/test-support/test-stream.ts';

export interface QueuesOptions {
  /** Of workers. */
  readonly kills: number;
  /** Of each broker. */
  readonly serverKills: number;
  readonly seconds: number;
  readonly seed: number;
  readonly show: (line: string) => void;
}

interface Wrong {
  readonly missing: number;
  readonly duplicates: number;
}

export interface QueuesResult {
  readonly scenario: 'queues';
  readonly seed: number;
  readonly kills: number;
  readonly serverKills: number;
  /** Changes that the database committed. */
  readonly events: number;
  /** In each queue. */
  readonly wrong: Readonly<Record<string, Wrong>>;
}

const FIRST = 'FIRST';
const SECOND = 'SECOND';
const JOBS = ['to-stream', 'on-to-stream', 'to-queue'] as const;
const ROWS = 20;
const PAUSE_MS = 3;
const QUIET_END_MS = 5_000;
const CATCH_UP_MS_MAX = 120_000;
const POLL_MS = 250;

async function register({ rest, source }: Platform, nats: NatsServer, redis: RedisServer): Promise<void> {
  const { password, ...connection } = source.connection;
  const config = { ...connection, ssl: 'disable', ...(password === undefined ? {} : { password }) };
  await rest.post('sources', { name: 'shop', type: 'postgres', config });
  const queue = { name: 'queue', type: 'nats', config: { servers: [`127.0.0.1:${nats.port}`] } };
  await rest.post('sources', queue);
  await rest.post('sinks', queue);
  const sinkOf = (input: string, stream: string) => ({
    input,
    sink: 'queue',
    stream,
    subject: `${stream}.{table}`,
    createStream: { subjects: [`${stream}.>`] },
  });
  const snapshotInterval = '500ms';
  const changes = { source: 'shop', tables: ['public.probe'] };
  await rest.post('jobs', {
    name: JOBS[0],
    snapshotInterval,
    stages: { changes, to: sinkOf('changes', FIRST) },
  });
  await rest.post('sinks', { name: 'jobs', type: 'bullmq', config: { host: '127.0.0.1', port: redis.port } });
  await rest.post('jobs', {
    name: JOBS[2],
    snapshotInterval,
    stages: { changes, to: { input: 'changes', sink: 'jobs' } },
  });
  await loaded(rest, JOBS[0]);
  await loaded(rest, JOBS[2]);
  const messages = {
    source: 'queue',
    stream: FIRST,
    subjects: [`${FIRST}.>`],
    table: 'public.probe',
    columns: { id: 'integer', version: 'integer' },
  };
  await rest.post('jobs', {
    name: JOBS[1],
    snapshotInterval,
    stages: { messages, to: sinkOf('messages', SECOND) },
  });
}

/** Waits until a job has loaded its table: what changes before that is not an event of its own. */
async function loaded(rest: Platform['rest'], name: string): Promise<void> {
  for (;;) {
    const figures = await rest.peek<Figures>(`jobs/${name}/metrics`);
    if (figures?.snapshot !== undefined && isLoaded(figures)) return;
    await systemClock.sleep(POLL_MS);
  }
}

/** Raises the version of one row after the other, one a transaction, until stopped. @returns `id/version` of all that were committed */
async function write(source: TestDatabase, signal: AbortSignal): Promise<readonly string[]> {
  const events: string[] = [];
  const client = new pg.Client({ connectionString: source.url });
  await client.connect();
  for (let count = 0; !signal.aborted; count++) {
    const id = 1 + (count % ROWS);
    const { rows } = await client.query<{ version: number }>(
      'update probe set version = version + 1 where id = $1 returning version',
      [id],
    );
    events.push(`${id}/${rows[0]!.version}`);
    await systemClock.sleep(PAUSE_MS, signal).catch(() => {});
  }
  await client.end();
  return events;
}

const readStream = (url: string, stream: string): Promise<string[]> =>
  atServer(url, async (client) => {
    const consumer = await client.consumers.get(stream, { filter_subjects: `${stream}.>` });
    const { num_pending } = await consumer.info(true);
    const found: string[] = [];
    if (num_pending === 0) return found;
    for await (const { data } of await consumer.consume()) {
      const { id, version } = JSON.parse(new TextDecoder().decode(data)) as { id: number; version: number };
      if (found.push(`${id}/${version}`) >= num_pending) break;
    }
    return found;
  });

async function readQueue(url: string): Promise<string[]> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  try {
    const queue = new Queue<{ row: { id: number; version: number } }>('probe', { connection });
    const jobs = await queue.getJobs(['waiting']);
    await queue.close();
    return jobs.map(({ data: { row } }) => `${row.id}/${row.version}`);
  } finally {
    connection.disconnect();
  }
}

/** Reads until nothing is missing, or time is up. */
async function settled(expected: readonly string[], read: () => Promise<readonly string[]>): Promise<Wrong> {
  const deadline = systemClock.monotonicMs() + CATCH_UP_MS_MAX;
  for (;;) {
    const found = await read().catch(() => []);
    const seen = new Set(found);
    const missing = expected.filter((event) => !seen.has(event)).length;
    if (missing === 0 || systemClock.monotonicMs() > deadline) return { missing, duplicates: found.length - seen.size };
    await systemClock.sleep(POLL_MS);
  }
}

/** Jobs bring changes to a stream, from there to a second one, and to a queue of BullMQ, while workers and brokers are killed; then each has every change once. */
export async function runQueues(options: QueuesOptions): Promise<QueuesResult> {
  const { kills, serverKills, seconds, seed, show } = options;
  show(`chaos queues: seed ${seed}, ${kills} kills of workers and ${serverKills} of each broker in ${seconds} s`);
  await using nats = await NatsServer.start();
  // Not that of the platform.
  await using redis = await RedisServer.start();
  await using platform = await startPlatform({ workers: 2, show });
  await platform.source.query(`
    create table probe (id int primary key, version int not null);
    insert into probe select id, 0 from generate_series(1, ${ROWS}) id`);
  await register(platform, nats, redis);
  const random = new SeededRandom(seed);
  const stop = new AbortController();
  const writing = write(platform.source, stop.signal);
  const killWorker = async (): Promise<void> => {
    const victim = random.pick(platform.workers);
    await victim.kill();
    await victim.start();
  };
  const faults = [
    ...Array.from({ length: kills }, () => ['a worker', killWorker] as const),
    ...Array.from({ length: serverKills }, () => ['NATS', () => nats.restart('SIGKILL')] as const),
    ...Array.from({ length: serverKills }, () => ['Redis', () => redis.restart('SIGKILL')] as const),
  ]
    .map(([what, fault]) => ({ what, fault, atMs: 500 + random.next() * (seconds * 1_000 - QUIET_END_MS) }))
    .sort((a, b) => a.atMs - b.atMs);
  const startMs = systemClock.monotonicMs();
  for (const { what, fault, atMs } of faults) {
    await systemClock.sleep(Math.max(0, startMs + atMs - systemClock.monotonicMs()));
    await fault();
    show(`${((systemClock.monotonicMs() - startMs) / 1_000).toFixed(1)} s  ${what} killed`);
  }
  await systemClock.sleep(Math.max(0, startMs + seconds * 1_000 - systemClock.monotonicMs()));
  stop.abort();
  const events = await writing;
  const expected = [...Array.from({ length: ROWS }, (_, index) => `${index + 1}/0`), ...events];
  show(`${events.length} changes; comparing ...`);
  const wrong = {
    nats: await settled(expected, () => readStream(nats.url, FIRST)),
    'nats, from nats': await settled(expected, () => readStream(nats.url, SECOND)),
    bullmq: await settled(expected, () => readQueue(redis.url)),
  };
  for (const name of JOBS) {
    const job = await platform.rest.peek<{ status: string; error?: { message?: string } }>(`jobs/${name}`);
    if (job?.status !== 'RUNNING') show(`job ${name} is ${job?.status}: ${job?.error?.message ?? ''}`);
  }
  return { scenario: 'queues', seed, kills, serverKills, events: events.length, wrong };
}
