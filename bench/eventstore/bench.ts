import { EventStore, eventTypes, migrate, projection, projectionStatus, runProjections } from '@millrace/eventstore';
import pg from 'pg';
import { z } from 'zod';
import { serverVersion, startBenchServers } from '../harness/bench-servers.ts';
import type { BenchOptions } from '../harness/options.ts';
import { alternate, printResult } from '../harness/result.ts';
import { itemsAdded, type Work, writeBare, writeEmmett, writeOurs } from './appends.ts';
import { type EmmettStore, loadEmmett } from './emmett.ts';
import { measureLatency } from './latency.ts';

const SINGLE: Work = { appends: 10_000, events: 1 };
const TENS: Work = { appends: 3_000, events: 10 };
const STREAMS = 500;
const EVENTS_PER_STREAM = 100;
const READERS = 4;
const GOAL_P50_MS = 5;
const GOAL_P99_MS = 25;

const types = eventTypes({
  ItemAdded: { schema: z.object({ sku: z.string(), quantity: z.number(), note: z.string() }) },
});

/** One statement for each event, as the rival's projection has it. */
const quantities = (name: string) =>
  projection({
    name,
    version: 1,
    types,
    tables: { [name]: (table) => `CREATE TABLE ${table} (sku text PRIMARY KEY, quantity bigint NOT NULL)` },
    on: {
      ItemAdded: ({ data }, { tx, table }) =>
        tx.query(
          `INSERT INTO ${table(name)} AS t VALUES ($1, $2) ON CONFLICT (sku) DO UPDATE SET quantity = t.quantity + excluded.quantity`,
          [data.sku, data.quantity],
        ),
    },
  });

const scaledTo = ({ appends, events }: Work, scale: number): Work => ({ appends: Math.round(appends * scale), events });

/** Reads whole streams, several at once; resolves with events a second. */
async function readAllStreams(streams: number, read: (streamId: string) => Promise<number>): Promise<number> {
  let next = 0;
  let events = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: READERS }, async () => {
      while (next < streams) {
        const count = await read(`read-${next++}`);
        events += count;
      }
    }),
  );
  if (events !== streams * EVENTS_PER_STREAM) throw new Error(`${events} events were read`);
  return events / ((performance.now() - start) / 1_000);
}

/** Appends, stream reads and a projection's rebuild beside Emmett's PostgreSQL store; appends beside a bare INSERT; and from commit to handler. */
export async function run({ scale, rounds }: BenchOptions): Promise<void> {
  const emmett = loadEmmett();
  await using servers = await startBenchServers();
  const { database, postgres } = servers;
  await using theirs = await postgres.createDatabase('emmett');
  const pool = new pg.Pool({ connectionString: database.url, max: 10 });
  await migrate(pool);
  await pool.query('CREATE TABLE bare (LIKE eventstore.events INCLUDING ALL)');
  const store = new EventStore({ types: [types] });
  const rival: EmmettStore = await emmett.open(theirs.url);
  await using _closing = { [Symbol.asyncDispose]: () => Promise.all([rival.close(), pool.end()]).then(() => {}) };

  let runs = 0;
  const appends = async (name: string, work: Work) => {
    const versus = await alternate(
      `${name}, Emmett`,
      rounds,
      () => writeOurs(store, pool, work, `r${runs++}`),
      () => writeEmmett(rival, work, `r${runs++}`),
    );
    const bare = await alternate(
      `${name}, INSERT`,
      rounds,
      () => writeOurs(store, pool, work, `r${runs++}`),
      () => writeBare(pool, work, `r${runs++}`),
    );
    return { versus, bare };
  };
  // Neither compilers nor the first pages of a table count.
  await appends('warm-up', scaledTo(SINGLE, scale / 10));
  const single = await appends('append of 1', scaledTo(SINGLE, scale));
  const tens = await appends('append of 10', scaledTo(TENS, scale));

  const streams = Math.max(READERS, Math.round(STREAMS * scale));
  for (let n = 0; n < streams; n++) {
    await store.append(pool, `read-${n}`, itemsAdded(EVENTS_PER_STREAM, n));
    await rival.appendToStream(`read-${n}`, itemsAdded(EVENTS_PER_STREAM, n));
  }
  await pool.query('VACUUM ANALYZE');
  await theirs.query('VACUUM ANALYZE');
  const reads = await alternate(
    'stream reads',
    rounds,
    () =>
      readAllStreams(streams, async (streamId) => {
        let count = 0;
        for await (const _event of store.readStream(pool, streamId)) count += 1;
        return count;
      }),
    () => readAllStreams(streams, async (streamId) => (await rival.readStream(streamId)).events.length),
  );

  const [{ count: total }] = (await database.query('SELECT count(*)::int AS count FROM eventstore.events')) as [
    { count: number },
  ];
  const [{ count: rivalTotal }] = (await theirs.query('SELECT count(*)::int AS count FROM emt_messages')) as [
    { count: number },
  ];
  await theirs.query('CREATE TABLE quantities (sku text PRIMARY KEY, quantity bigint NOT NULL)');
  let leftOut = 0;
  const rebuild = await alternate(
    'rebuild',
    rounds,
    () => rebuildOurs(store, pool, database.url, total),
    async () => {
      await theirs.query('TRUNCATE quantities');
      const start = performance.now();
      await emmett.rebuild(theirs.url, `quantities${runs++}`);
      const seconds = (performance.now() - start) / 1_000;
      // It has been seen to leave the last events out; what it did is what counts.
      const done = await sumOf(theirs, 'quantities');
      leftOut = Math.max(leftOut, rivalTotal - done);
      return done / seconds;
    },
  );
  const latency = await measureLatency(new EventStore(), pool, database.url, scale);
  printResult(
    {
      bench: 'eventstore',
      ratios: {
        append1: single.versus.ratio,
        append10: tens.versus.ratio,
        append1VsInsert: single.bare.ratio,
        append10VsInsert: tens.bare.ratio,
        streamReads: reads.ratio,
        rebuild: rebuild.ratio,
        latencyP50VsGoal: latency.p50Ms / GOAL_P50_MS,
        latencyP99VsGoal: latency.p99Ms / GOAL_P99_MS,
      },
      figures: {
        eventsPerSecond: { single, tens, reads, rebuild },
        events: total,
        leftOutByRivalsRebuild: leftOut,
        latency,
      },
    },
    { postgres: await serverVersion(database), emmett: emmett.version },
  );

  async function rebuildOurs(own: EventStore, client: pg.Pool, url: string, events: number): Promise<number> {
    const name = `quantities${runs++}`;
    const start = performance.now();
    await using runner = runProjections({
      projections: [quantities(name)],
      store: own,
      pool: client,
      url,
      group: name,
    });
    for (;;) {
      const status = (await projectionStatus(client, own)).find((one) => one.name === name);
      if (status?.phase === 'live') break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const seconds = (performance.now() - start) / 1_000;
    await runner.close();
    const done = await sumOf(database, name);
    if (done !== events) throw new Error(`${done} of ${events} events are in ${name}`);
    return events / seconds;
  }
}

async function sumOf(database: { query(sql: string): Promise<object[]> }, table: string): Promise<number> {
  const [row] = (await database.query(`SELECT sum(quantity)::int AS sum FROM ${table}`)) as { sum: number | null }[];
  return row?.sum ?? 0;
}
