import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { systemClock } from '@millrace/kernel';
import { KafkaServer, MariadbServer, S3Server, SeededRandom, type TestDatabase } from '@millrace/testing';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import { type Figures, isLoaded } from '../../apps/cli/src/demo/live-line.ts';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { newLines } from '../../examples/lake-on-s3/read-lake.ts';
import { committedMessages } from '../../libs/connectors/kafka/src/test-support/committed-messages.ts';

export interface SinksOptions {
  /** Of workers. */
  readonly kills: number;
  /** Kills of each of the three far ends: broker, S3 server, database. */
  readonly serverKills: number;
  readonly seconds: number;
  readonly seed: number;
  readonly show: (line: string) => void;
}

export interface SinksResult {
  readonly scenario: 'sinks';
  readonly seed: number;
  readonly kills: number;
  readonly serverKills: number;
  /** Changes that the source committed. */
  readonly events: number;
  /** By far end: events that are missing, and those that are there more than once. */
  readonly wrong: Readonly<Record<string, { readonly missing: number; readonly duplicates: number }>>;
}

const TOPIC = 'shop.probe';
const BUCKET = 'lake';
const JOBS = ['topic', 'lake', 'log'] as const;
const ROWS = 20;
const PAUSE_MS = 3;
const QUIET_END_MS = 8_000;
const CATCH_UP_MS_MAX = 120_000;
const POLL_MS = 250;

interface FarEnds {
  readonly kafka: KafkaServer;
  readonly s3: S3Server;
  readonly mariadb: MariadbServer;
}

async function register(platform: Platform, { kafka, s3, mariadb }: FarEnds, bucket: S3Client): Promise<string> {
  const { rest, source } = platform;
  await bucket.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const database = await mariadb.createDatabase('warehouse');
  const withPassword = ({ password, ...connection }: TestDatabase['connection']) => ({
    ...connection,
    ssl: 'disable',
    ...(password === undefined ? {} : { password }),
  });
  await rest.post('sources', { name: 'shop', type: 'postgres', config: withPassword(source.connection) });
  await rest.post('sinks', { name: 'events', type: 'kafka', config: { brokers: [kafka.brokers] } });
  const { origin, username, password } = new URL(s3.url);
  const place = { bucket: BUCKET, endpoint: origin, pathStyle: true, accessKeyId: username, secretAccessKey: password };
  await rest.post('sinks', { name: 'lake', type: 's3', config: place });
  await rest.post('sinks', {
    name: 'warehouse',
    type: 'jdbc',
    config: { dialect: 'mysql', ...withPassword(database.connection) },
  });
  const from = { source: 'shop', tables: ['public.probe'] };
  const jobs = {
    topic: { sink: 'events', topic: TOPIC, format: 'json', headers: true, createTopics: { partitions: 3 } },
    lake: { sink: 'lake', compression: 'gzip' },
    log: { sink: 'warehouse', mode: 'append' },
  };
  for (const [name, sink] of Object.entries(jobs)) {
    const stages = { changes: from, to: { input: 'changes', ...sink } };
    await rest.post('jobs', { name, snapshotInterval: '500ms', stages });
  }
  return database.url;
}

/** Waits until a job has loaded its table: what changes before that is not an event of its own. */
async function streams(platform: Platform, name: string): Promise<void> {
  for (;;) {
    const figures = await platform.rest.peek<Figures>(`jobs/${name}/metrics`);
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

function wrongOf(expected: readonly string[], found: readonly string[]): { missing: number; duplicates: number } {
  const seen = new Set(found);
  return {
    missing: expected.filter((event) => !seen.has(event)).length,
    duplicates: found.length - seen.size,
  };
}

/** Reads until nothing is missing, or time is up. */
async function settled(
  expected: readonly string[],
  read: () => Promise<readonly string[]>,
): Promise<{ missing: number; duplicates: number }> {
  const deadline = systemClock.monotonicMs() + CATCH_UP_MS_MAX;
  for (;;) {
    const wrong = wrongOf(expected, await read().catch(() => []));
    if (wrong.missing === 0 || systemClock.monotonicMs() > deadline) return wrong;
    await systemClock.sleep(POLL_MS);
  }
}

/** Three jobs bring the same changes to Kafka, S3 and MariaDB, while workers and all three servers are killed; then each far end has every change once. */
export async function runSinks(options: SinksOptions): Promise<SinksResult> {
  const { kills, serverKills, seconds, seed, show } = options;
  show(`chaos sinks: seed ${seed}, ${kills} kills of workers and ${serverKills} of each far end in ${seconds} s`);
  await using kafka = await KafkaServer.start();
  await using s3 = await S3Server.start();
  await using mariadb = await MariadbServer.start();
  await using platform = await startPlatform({ workers: 2, show });
  const { origin, username, password } = new URL(s3.url);
  const credentials = { accessKeyId: username, secretAccessKey: password };
  const client = () => new S3Client({ endpoint: origin, forcePathStyle: true, region: 'us-east-1', credentials });
  await platform.source.query(`
    create table probe (id int primary key, version int not null);
    alter table probe replica identity full;
    insert into probe select id, 0 from generate_series(1, ${ROWS}) id`);
  const databaseUrl = await register(platform, { kafka, s3, mariadb }, client());

  for (const name of JOBS) await streams(platform, name);
  const random = new SeededRandom(seed);
  const stop = new AbortController();
  const writing = write(platform.source, stop.signal);
  const kill = async (server: FarEnds[keyof FarEnds]): Promise<void> => {
    await server.down('SIGKILL');
    await server.up();
  };
  const killWorker = async (): Promise<void> => {
    const victim = random.pick(platform.workers);
    await victim.kill();
    await victim.start();
  };
  const faults = [
    ...Array.from({ length: kills }, () => ['a worker', killWorker] as const),
    ...Array.from({ length: serverKills }, () => [
      ['the broker', () => kill(kafka)] as const,
      ['the S3 server', () => kill(s3)] as const,
      ['the database', () => kill(mariadb)] as const,
    ]).flat(),
  ]
    .map(([what, fault]) => ({ what, fault, atMs: 1_000 + random.next() * (seconds * 1_000 - QUIET_END_MS) }))
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
    kafka: await settled(expected, async () =>
      (await committedMessages(kafka.brokers, [TOPIC], true)).map(({ value }) => {
        const { id, version } = JSON.parse(value!) as { id: number; version: number };
        return `${id}/${version}`;
      }),
    ),
    s3: await settled(expected, async () => {
      const found: string[] = [];
      for await (const { id, version } of newLines(client(), BUCKET, new Set())) found.push(`${id}/${version}`);
      return found;
    }),
    jdbc: await settled(expected, async () => appended(databaseUrl)),
  };
  for (const name of JOBS) {
    const job = await platform.rest.peek<{ status: string; error?: { message?: string } }>(`jobs/${name}`);
    if (job?.status !== 'RUNNING') show(`job ${name} is ${job?.status}: ${job?.error?.message ?? ''}`);
  }
  return { scenario: 'sinks', seed, kills, serverKills, events: events.length, wrong };
}

async function appended(url: string): Promise<readonly string[]> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query<(RowDataPacket & { id: number; version: number })[]>(
      'select id, version from probe',
    );
    return rows.map(({ id, version }) => `${id}/${version}`);
  } finally {
    await connection.end();
  }
}
