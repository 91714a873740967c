/** A worker's process without its queue and catalog: runs one job exactly once, snapshots in Redis every second, and prints a `JobRun`. */
import {
  connectRedis,
  ExecutionCoordinator,
  encodeState,
  type JobFigures,
  RedisSnapshotStore,
  stateHash,
  type Witness,
} from '@millrace/cluster';
import { EVERY_INSTANCE, startEngine } from '@millrace/engine';
import { systemClock, systemRandom } from '@millrace/kernel';
import type { DatabaseConnection } from '@millrace/testing';
import pg from 'pg';
import { type BenchJob, type JobRun, SINK_VERTEX, SOURCE_VERTEX } from './job-spec.ts';

const RSS_EVERY_MS = 100;
const ROW_POLL_MS = 10;

const job = JSON.parse(process.argv[2]!) as BenchJob;
const redis = connectRedis(job.redisUrl);
if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
const store = new RedisSnapshotStore(redis);
// Nothing of the run before.
await redis.flushdb();

let witness: Witness | undefined;
if (job.resumeLsn !== undefined) {
  const generation = await store.claim(job.jobId, 0);
  const value = Buffer.from(JSON.stringify({ version: 1, resumeLsn: job.resumeLsn }));
  const state = encodeState([
    { vertex: SOURCE_VERTEX, entries: [{ partition: EVERY_INSTANCE, key: 'source', value }] },
  ]);
  const record = {
    snapshotId: 1,
    generation,
    takenAtMs: systemClock.nowMs(),
    chunks: 1,
    bytes: state.length,
    hash: stateHash(state),
  };
  await store.write(job.jobId, record, state);
  witness = { ...record, state };
}

const rss: number[] = [];
const sample = setInterval(() => rss.push(process.memoryUsage().rss / 1_048_576), RSS_EVERY_MS);

/** The row that the source wrote last has arrived. */
async function untilLastRow(connection: DatabaseConnection, lastId: number): Promise<number> {
  const { password, ...rest } = connection;
  const client = new pg.Client({ ...rest, ...(password === undefined ? {} : { password }) });
  await client.connect();
  for (;;) {
    const found = await client.query(`select 1 from orders where id = $1`, [lastId]);
    if (found.rowCount === 1) break;
    await systemClock.sleep(ROW_POLL_MS);
  }
  const now = systemClock.nowMs();
  await client.end();
  return now;
}

async function untilParentCloses(): Promise<number> {
  for await (const _ of process.stdin);
  return systemClock.nowMs();
}

function untilOver(): Promise<number> | undefined {
  if (job.sink === 'counting') return undefined;
  return 'brokers' in job.sink ? untilParentCloses() : untilLastRow(job.sink, job.lastId!);
}

const lastRow = untilOver();
let lastRowAtMs: number | undefined;
void lastRow?.then((at) => {
  lastRowAtMs = at;
});

function finish(figures: JobFigures): void {
  const sink = figures.vertices.find((vertex) => vertex.vertex === SINK_VERTEX)?.custom ?? {};
  const finishedAtMs = sink['finishedAtMs'] ?? lastRowAtMs;
  if (finishedAtMs === undefined || sink['startedAtMs'] === undefined) return;
  clearInterval(sample);
  const half = rss.length >> 1;
  const run: JobRun = {
    seconds: (finishedAtMs - sink['startedAtMs']) / 1_000,
    rows: sink['rows'] ?? job.rows,
    bytes: sink['bytes'] ?? 0,
    snapshots: figures.snapshot?.id ?? 0,
    rssMiB: {
      firstHalf: Math.round(Math.max(...rss.slice(0, half))),
      secondHalf: Math.round(Math.max(...rss.slice(half))),
    },
  };
  process.stdout.write(`${JSON.stringify(run)}\n`, () => process.exit(0));
}

const complain = (fields: object, message: string): void => console.error(message, JSON.stringify(fields));
const coordinator = new ExecutionCoordinator(job.jobId, {
  engine: await startEngine({ clock: systemClock }),
  store,
  witness: {
    read: async () => witness,
    write: async (_, written) => {
      witness = written;
    },
  },
  jobs: {
    find: async () => ({
      id: job.jobId,
      name: 'bench',
      desired: 'running',
      status: 'RUNNING',
      restartRequested: 0,
      generation: 0,
    }),
    begin: async () => true,
    setStatus: async () => {},
    plan: async () => ({ guarantee: 'exactly-once', snapshotIntervalMs: 1_000, spec: job }),
  },
  clock: systemClock,
  random: systemRandom,
  log: { info: () => {}, warn: complain, error: complain },
  dagModule: new URL('./job-dag.ts', import.meta.url).href,
  member: 'bench',
  tellFigures: async (figures) => finish(figures),
});
console.error('the job ended:', await coordinator.run());
process.exit(1);
