import { createOrdersTable, fillOrders } from '../harness/backlog.ts';
import { serverVersion, startBenchServers } from '../harness/bench-servers.ts';
import { JOB_ID, JOB_SLOT, type JobRun } from '../harness/job-spec.ts';
import type { BenchOptions } from '../harness/options.ts';
import { clientProgram, programVersion, timed } from '../harness/programs.ts';
import { alternate, printResult } from '../harness/result.ts';
import { runJob } from '../harness/run-job.ts';
import { dropSlot } from '../harness/slots.ts';

const ROWS = 2_000_000;

/** Initial load of one table into the counting sink, two connections, against one `psql COPY … TO STDOUT`. */
export async function run({ scale, rounds }: BenchOptions): Promise<void> {
  await using servers = await startBenchServers();
  const { database, redis } = servers;
  const rows = Math.round(ROWS * scale);
  console.log(`filling ${rows} rows ...`);
  await createOrdersTable(database);
  await fillOrders(database, rows);
  const { host, port, user } = database.connection;
  const runs: JobRun[] = [];
  const result = await alternate(
    'orders',
    rounds,
    async () => {
      const source = database.connection;
      const done = await runJob({
        jobId: JOB_ID,
        redisUrl: redis.url,
        source,
        initialLoad: 'full',
        resumeLsn: undefined,
        sink: 'counting',
        rows,
        lastId: undefined,
      });
      runs.push(done);
      await dropSlot(database, JOB_SLOT);
      return done.rows / done.seconds;
    },
    async () => {
      const address = ['-h', host, '-p', String(port), '-U', user, '-d', database.name];
      return (
        rows /
        (await timed(clientProgram('psql'), ['-X', '-q', ...address, '-o', '/dev/null', '-c', 'copy orders to stdout']))
      );
    },
  );
  const last = runs.at(-1)!;
  const figures = {
    rows,
    oursRowsPerSecond: result.ours,
    yardstickRowsPerSecond: result.yardstick,
    jsonMiB: Math.round(last.bytes / 1_048_576),
    snapshots: last.snapshots,
    rssMiB: last.rssMiB,
  };
  const versions = { postgres: await serverVersion(database), yardstick: await programVersion('psql') };
  printResult({ bench: 'load', ratios: { orders: result.ratio }, figures }, versions);
}
