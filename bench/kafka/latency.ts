import { KafkaServer } from '@millrace/testing';
import { committedRecords, offsetAfter } from '../../libs/connectors/kafka/src/read/committed-records.ts';
import { fetchFrom } from '../../libs/connectors/kafka/src/read/fetch.ts';
import { newTopic, testCluster } from '../../libs/connectors/kafka/src/test-support/test-cluster.ts';
import { createOrdersTable } from '../harness/backlog.ts';
import { type BenchServers, serverVersion, startBenchServers } from '../harness/bench-servers.ts';
import { JOB_ID } from '../harness/job-spec.ts';
import { printResult } from '../harness/result.ts';
import { startJob } from '../harness/run-job.ts';

const ROWS_PER_SECOND = 5_000;
const ROWS_PER_TRANSACTION = 20;
const PARTITIONS = 4;
/** Not counted: the compilers are at work. */
const WARM_UP_S = 5;
const MEASURED_S = 20;
const LIMITS = { bytesMax: 8 * 1_024 * 1_024, partitionBytesMax: 1_024 * 1_024, waitMs: 500 };
/** The goals of this bench, in milliseconds. */
const GOALS = { p50: 15, p99: 60 };

/** Writes transactions at an even pace until there are so many rows. */
async function writeSteadily({ database }: BenchServers, rows: number): Promise<void> {
  const client = await database.connect();
  const everyMs = (1_000 * ROWS_PER_TRANSACTION) / ROWS_PER_SECOND;
  const start = performance.now();
  for (let first = 1, due = start; first <= rows; first += ROWS_PER_TRANSACTION, due += everyMs) {
    const waitMs = due - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    await client.query({
      name: 'write',
      text: 'insert into orders select * from generate_orders($1, $2)',
      values: [first, first + ROWS_PER_TRANSACTION - 1],
    });
  }
  await client.end();
}

/** Reads committed messages as they come. @returns of each, from its commit at the source to here, ms */
async function readLatencies(brokers: string, topic: string, rows: number): Promise<Float64Array> {
  const cluster = testCluster(brokers);
  const latencies = new Float64Array(rows);
  const places = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: 0n }));
  for (let seen = 0; seen < rows; ) {
    const found = await fetchFrom(cluster, await cluster.leaderOf(topic, 0), places, LIMITS);
    const nowMs = performance.timeOrigin + performance.now();
    for (const [index, answer] of found.entries()) {
      const batches = answer?.records ?? [];
      const place = places[index]!;
      for (const { record } of committedRecords(batches, answer?.abortedTransactions ?? [], place.offset)) {
        latencies[seen++] = nowMs - microsOf(String(commitTime(record.headers))) / 1_000;
      }
      place.offset = offsetAfter(batches, place.offset);
    }
  }
  await cluster.close();
  return latencies;
}

function commitTime(headers: readonly (readonly [unknown, unknown])[]): unknown {
  for (const [name, value] of headers) if (String(name) === 'commit-time') return value;
  throw new Error('the message has no commit-time');
}

/** Of `2026-01-01T00:00:00.000000Z`, since 1970. */
const microsOf = (text: string): number => Date.parse(`${text.slice(0, 23)}Z`) * 1_000 + Number(text.slice(23, 26));

/** From a commit in PostgreSQL to a read-committed reader of the topic, continuous commits, at a steady rate. */
export async function latency(): Promise<void> {
  await using servers = await startBenchServers();
  await using server = await KafkaServer.start({ heap: '1g' });
  const { brokers } = server;
  await createOrdersTable(servers.database);
  const topic = await newTopic(brokers, PARTITIONS);
  const rows = ROWS_PER_SECOND * (WARM_UP_S + MEASURED_S);
  const job = startJob({
    jobId: JOB_ID,
    redisUrl: servers.redis.url,
    source: servers.database.connection,
    initialLoad: 'none',
    resumeLsn: undefined,
    sink: { brokers, stage: { topic, format: 'json', headers: true, commit: 'continuous' } },
    rows,
    lastId: undefined,
  });
  await untilSlotIsRead(servers);
  const [latencies] = await Promise.all([readLatencies(brokers, topic, rows), writeSteadily(servers, rows)]);
  const { snapshots, rssMiB } = await job.stop();
  const sorted = latencies.subarray(ROWS_PER_SECOND * WARM_UP_S).sort();
  const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))]! * 100) / 100;
  const latencyMs = { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) };
  const ratios = { p50: latencyMs.p50 / GOALS.p50, p99: latencyMs.p99 / GOALS.p99 };
  const figures = { rows, rowsPerSecond: ROWS_PER_SECOND, latencyMs, goalsMs: GOALS, snapshots, rssMiB };
  printResult(
    { bench: 'kafka-latency', ratios, figures },
    { postgres: await serverVersion(servers.database), kafka: '4.3.1' },
  );
}

async function untilSlotIsRead({ database }: BenchServers): Promise<void> {
  for (;;) {
    const [slot] = await database.query<{ active: boolean }>('select active from pg_replication_slots');
    if (slot?.active === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
