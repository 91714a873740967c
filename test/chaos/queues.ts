import { ArtemisServer, NatsServer, RedisServer, SeededRandom } from '@millrace/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { atServer } from '../../libs/connectors/nats/src/test-support/test-stream.ts';
import { changeRows, type Fault, ROWS, settled, strike, untilLoaded, type Wrong, withLoad } from './counted-changes.ts';

export interface QueuesOptions {
  /** Of workers. */
  readonly kills: number;
  /** Of each broker. */
  readonly serverKills: number;
  readonly seconds: number;
  readonly seed: number;
  readonly show: (line: string) => void;
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

interface Probe {
  readonly id: number;
  readonly version: number;
}

const FIRST = 'FIRST';
const SECOND = 'SECOND';
const THIRD = 'THIRD';
const JOBS = ['to-stream', 'on-to-stream', 'to-queue', 'on-to-queue', 'to-broker', 'from-broker'] as const;
const QUIET_END_MS = 5_000;

interface Brokers {
  readonly nats: NatsServer;
  readonly redis: RedisServer;
  readonly artemis: ArtemisServer;
}

async function register(platform: Platform, { nats, redis, artemis }: Brokers): Promise<void> {
  const { rest, source } = platform;
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
  const jobs = { name: 'jobs', type: 'bullmq', config: { host: '127.0.0.1', port: redis.port } };
  await rest.post('sinks', jobs);
  await rest.post('sources', jobs);
  await rest.post('jobs', {
    name: JOBS[2],
    snapshotInterval,
    stages: { changes, to: { input: 'changes', sink: 'jobs' } },
  });
  const broker = { name: 'broker', type: 'amqp', config: { hosts: [artemis.host] } };
  await rest.post('sources', broker);
  await rest.post('sinks', broker);
  await rest.post('jobs', {
    name: JOBS[4],
    snapshotInterval,
    stages: { changes, to: { input: 'changes', sink: 'broker', address: '{table}' } },
  });
  for (const name of [JOBS[0], JOBS[2], JOBS[4]]) await untilLoaded(platform, name);
  const rows = { table: 'public.probe', columns: { id: 'integer', version: 'integer' } };
  await rest.post('jobs', {
    name: JOBS[5],
    snapshotInterval,
    stages: { taken: { source: 'broker', address: 'probe', ...rows }, to: sinkOf('taken', THIRD) },
  });
  const messages = { source: 'queue', stream: FIRST, subjects: [`${FIRST}.>`], ...rows };
  await rest.post('jobs', {
    name: JOBS[1],
    snapshotInterval,
    stages: { messages, to: sinkOf('messages', SECOND) },
  });
  const taken = { source: 'jobs', queue: 'probe', table: 'public.again', columns: { op: 'text', row: 'json' } };
  await rest.post('jobs', {
    name: JOBS[3],
    snapshotInterval,
    stages: { taken, to: { input: 'taken', sink: 'jobs' } },
  });
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

/** Of jobs that wait, are active or done. */
async function readQueue<Data>(url: string, name: string, rowOf: (data: Data) => Probe): Promise<string[]> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  try {
    const queue = new Queue<Data>(name, { connection });
    const jobs = await queue.getJobs(['waiting', 'active', 'completed']);
    await queue.close();
    return jobs.map(({ data }) => rowOf(data as Data)).map(({ id, version }) => `${id}/${version}`);
  } finally {
    connection.disconnect();
  }
}

/**
 * Jobs bring changes to a stream, to a queue of BullMQ, and from both to a second one, and by a broker that speaks AMQP to a third stream, while workers and
 * brokers are killed; then each has every change once.
 */
export async function runQueues(options: QueuesOptions): Promise<QueuesResult> {
  const { kills, serverKills, seconds, seed, show } = options;
  show(`chaos queues: seed ${seed}, ${kills} kills of workers and ${serverKills} of each broker in ${seconds} s`);
  await using nats = await NatsServer.start();
  // Not that of the platform.
  await using redis = await RedisServer.start();
  await using artemis = await ArtemisServer.start();
  await using platform = await startPlatform({ workers: 2, show });
  await platform.source.query(`
    create table probe (id int primary key, version int not null);
    insert into probe select id, 0 from generate_series(1, ${ROWS}) id`);
  await register(platform, { nats, redis, artemis });
  const random = new SeededRandom(seed);
  const stop = new AbortController();
  const writing = changeRows(platform.source, stop.signal);
  const killWorker = async (): Promise<void> => {
    const victim = random.pick(platform.workers);
    await victim.kill();
    await victim.start();
  };
  const faults: readonly Fault[] = [
    ...Array.from({ length: kills }, () => ['a worker', killWorker] as const),
    ...Array.from({ length: serverKills }, () => ['NATS', () => nats.restart('SIGKILL')] as const),
    ...Array.from({ length: serverKills }, () => ['Artemis', () => artemis.restart('SIGKILL')] as const),
    ...Array.from({ length: serverKills }, () => ['Redis', () => redis.restart('SIGKILL')] as const),
  ];
  await strike(faults, { random, seconds, firstMs: 500, quietEndMs: QUIET_END_MS, show });
  stop.abort();
  const events = await writing;
  const expected = withLoad(events);
  show(`${events.length} changes; comparing ...`);
  const wrong = {
    nats: await settled(expected, () => readStream(nats.url, FIRST)),
    'nats, from nats': await settled(expected, () => readStream(nats.url, SECOND)),
    'amqp, to and from': await settled(expected, () => readStream(nats.url, THIRD)),
    bullmq: await settled(expected, () => readQueue<{ row: Probe }>(redis.url, 'probe', ({ row }) => row)),
    'bullmq, from bullmq': await settled(expected, () =>
      readQueue<{ row: { row: { row: Probe } } }>(redis.url, 'again', ({ row }) => row.row as never),
    ),
  };
  for (const name of JOBS) {
    const job = await platform.rest.peek<{ status: string; error?: { message?: string } }>(`jobs/${name}`);
    if (job?.status !== 'RUNNING') show(`job ${name} is ${job?.status}: ${job?.error?.message ?? ''}`);
  }
  return { scenario: 'queues', seed, kills, serverKills, events: events.length, wrong };
}
