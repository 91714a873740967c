import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { KafkaServer, MariadbServer, S3Server, SeededRandom, type TestDatabase } from '@millrace/testing';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { newLines } from '../../examples/lake-on-s3/read-lake.ts';
import { committedMessages } from '../../libs/connectors/kafka/src/test-support/committed-messages.ts';
import { changeRows, type Fault, ROWS, settled, strike, untilLoaded, type Wrong, withLoad } from './counted-changes.ts';

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
  readonly wrong: Readonly<Record<string, Wrong>>;
}

const TOPIC = 'shop.probe';
const BUCKET = 'lake';
const JOBS = ['topic', 'lake', 'log'] as const;
const QUIET_END_MS = 8_000;

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

  for (const name of JOBS) await untilLoaded(platform, name);
  const random = new SeededRandom(seed);
  const stop = new AbortController();
  const writing = changeRows(platform.source, stop.signal);
  const kill = async (server: FarEnds[keyof FarEnds]): Promise<void> => {
    await server.down('SIGKILL');
    await server.up();
  };
  const killWorker = async (): Promise<void> => {
    const victim = random.pick(platform.workers);
    await victim.kill();
    await victim.start();
  };
  const faults: readonly Fault[] = [
    ...Array.from({ length: kills }, () => ['a worker', killWorker] as const),
    ...Array.from({ length: serverKills }, () => [
      ['the broker', () => kill(kafka)] as const,
      ['the S3 server', () => kill(s3)] as const,
      ['the database', () => kill(mariadb)] as const,
    ]).flat(),
  ];
  await strike(faults, { random, seconds, firstMs: 1_000, quietEndMs: QUIET_END_MS, show });
  stop.abort();
  const events = await writing;
  const expected = withLoad(events);
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
