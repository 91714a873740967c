import { type TestDatabase, testMariadb } from '@millrace/testing';
import { createOrdersTable, insertBacklog } from '../harness/backlog.ts';
import { serverVersion, startBenchServers } from '../harness/bench-servers.ts';
import { JOB_ID, JOB_SLOT, type JobRun } from '../harness/job-spec.ts';
import type { BenchOptions } from '../harness/options.ts';
import { alternate, printResult } from '../harness/result.ts';
import { runJob } from '../harness/run-job.ts';
import { copySlot, dropSlot } from '../harness/slots.ts';
import { slowProxy } from '../harness/slow-proxy.ts';
import { selectMariadb, selectPostgres } from './bare-select.ts';
import { copyAndMerge, copyOnly, exportRows } from './copy-and-merge.ts';
import { readTable } from './read-table.ts';
import { batchesOf, writeBatches } from './write-batches.ts';

const ROWS = 500_000;
/** In each direction: a round trip takes 20 ms. */
const FAR_MS = 10;

/**
 * The sink: rows in memory by upsert, against a script that COPYs and merges the same rows. A job: a backlog of inserts, 100 a transaction, through a job into another database, by upsert (also to one that is far away) and by append,
 * against the same script and a bare COPY. The source: the same rows, against a bare SELECT through the same driver.
 */
export async function run({ scale, rounds }: BenchOptions): Promise<void> {
  await using servers = await startBenchServers();
  const { database, postgres, redis } = servers;
  const rows = Math.round(ROWS * scale);
  console.log(`writing ${rows} rows ...`);
  await createOrdersTable(database);
  await database.query(`create publication ${JOB_SLOT} for table orders`);
  const backlog = await insertBacklog(database, rows);
  const pieces = await exportRows(database, 'orders');
  const names = await database.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = 'orders'::regclass and attnum > 0 order by attnum`,
  );
  let last: JobRun | undefined;
  const job = async (
    sinkStage: Readonly<Record<string, unknown>>,
    place: (target: TestDatabase) => Partial<TestDatabase['connection']> = () => ({}),
  ): Promise<number> => {
    await using target = await postgres.createDatabase('target');
    await createOrdersTable(target);
    const resumeLsn = await copySlot(database, backlog.slot, JOB_SLOT);
    const done = await runJob({
      jobId: JOB_ID,
      redisUrl: redis.url,
      source: database.connection,
      initialLoad: 'none',
      resumeLsn,
      sink: { ...target.connection, ...place(target) },
      sinkStage,
      rows,
      lastId: rows,
    });
    last = done;
    await dropSlot(database, JOB_SLOT);
    const [count] = await target.query<{ count: number }>('select count(*)::int as count from orders');
    if (count!.count !== rows) throw new Error(`${count!.count} of ${rows} rows arrived`);
    return done.rows / done.seconds;
  };
  const bare = async (script: (target: TestDatabase) => Promise<number>): Promise<number> => {
    await using target = await postgres.createDatabase('target');
    await createOrdersTable(target);
    return rows / (await script(target));
  };
  const columns = names.map((column) => column.name);
  const batches = await batchesOf(database.connection, 'orders');
  const sink = await alternate(
    'the sink alone',
    rounds,
    () => bare((target) => writeBatches(target.connection, batches)),
    () => bare((target) => copyAndMerge(target, pieces, columns)),
  );
  const upsert = await alternate(
    'upsert',
    rounds,
    () => job({ mode: 'upsert' }),
    () => bare((target) => copyAndMerge(target, pieces, columns)),
  );
  const { rssMiB, snapshots } = last!;
  const append = await alternate(
    'append',
    rounds,
    () => job({ mode: 'append', changeColumns: false }),
    () => bare((target) => copyOnly(target, pieces)),
  );
  await using proxy = await slowProxy(database.connection, FAR_MS);
  const far = await alternate(
    'upsert, 20 ms away, against itself nearby',
    rounds,
    () => job({ mode: 'upsert' }, () => ({ host: proxy.host, port: proxy.port })),
    () => job({ mode: 'upsert' }),
  );
  const source = await alternate(
    'source, PostgreSQL',
    rounds,
    () => readTable(database.connection, 'orders'),
    () => selectPostgres(database, 'orders'),
  );
  await using mariadb = await (await testMariadb()).createDatabase('bench');
  await fillMariadb(mariadb, rows);
  const sourceMariadb = await alternate(
    'source, MariaDB',
    rounds,
    () => readTable({ dialect: 'mysql', ...mariadb.connection }, 'orders'),
    () => selectMariadb(mariadb, 'orders'),
  );
  const figures = { rows, sink, upsert, append, far, source, sourceMariadb, snapshots, rssMiB };
  const ratios = {
    sink: sink.ratio,
    upsert: upsert.ratio,
    append: append.ratio,
    far: far.ratio,
    source: source.ratio,
    sourceMariadb: sourceMariadb.ratio,
  };
  printResult({ bench: 'jdbc', ratios, figures }, { postgres: await serverVersion(database) });
}

async function fillMariadb(database: { query(sql: string): Promise<unknown> }, rows: number): Promise<void> {
  await database.query(
    'create table orders (id bigint primary key, customer int, status varchar(20), total decimal(12,2), note varchar(100), at datetime(6))',
  );
  await database.query(
    `insert into orders select seq, seq mod 1000, 'paid', seq / 8, concat('note of order ', seq), '2026-11-28 04:00:00.123456' from seq_1_to_${rows}`,
  );
}
