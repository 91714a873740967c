import { createOrdersTable, insertBacklog } from '../harness/backlog.ts';
import { serverVersion, startBenchServers } from '../harness/bench-servers.ts';
import { JOB_ID, JOB_SLOT, type JobRun } from '../harness/job-spec.ts';
import type { BenchOptions } from '../harness/options.ts';
import { alternate, printResult } from '../harness/result.ts';
import { runJob } from '../harness/run-job.ts';
import { copySlot, dropSlot } from '../harness/slots.ts';
import { copyAndMerge, exportRows } from './copy-and-merge.ts';

const ROWS = 500_000;

/** A backlog of inserts, 100 a transaction, through a job into another database, against a bare script that COPYs and merges the same rows. */
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
  const runs: JobRun[] = [];
  const result = await alternate(
    'inserts',
    rounds,
    async () => {
      await using target = await postgres.createDatabase('target');
      await createOrdersTable(target);
      await copySlot(database, backlog.slot, JOB_SLOT);
      const [slot] = await database.query<{ lsn: string }>(
        'select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1',
        [JOB_SLOT],
      );
      const done = await runJob({
        jobId: JOB_ID,
        redisUrl: redis.url,
        source: database.connection,
        initialLoad: 'none',
        resumeLsn: slot!.lsn,
        sink: target.connection,
        rows,
        lastId: rows,
      });
      runs.push(done);
      await dropSlot(database, JOB_SLOT);
      const [count] = await target.query<{ count: number }>('select count(*)::int as count from orders');
      if (count!.count !== rows) throw new Error(`${count!.count} of ${rows} rows arrived`);
      return done.rows / done.seconds;
    },
    async () => {
      await using target = await postgres.createDatabase('target');
      await createOrdersTable(target);
      return (
        rows /
        (await copyAndMerge(
          target,
          pieces,
          names.map((column) => column.name),
        ))
      );
    },
  );
  const last = runs.at(-1)!;
  const figures = {
    rows,
    oursRowsPerSecond: result.ours,
    yardstickRowsPerSecond: result.yardstick,
    snapshots: last.snapshots,
    rssMiB: last.rssMiB,
  };
  printResult(
    { bench: 'upsert', ratios: { inserts: result.ratio }, figures },
    { postgres: await serverVersion(database) },
  );
}
