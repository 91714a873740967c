import { type Backlog, createOrdersTable, mixedBacklog, singleRowBacklog } from '../harness/backlog.ts';
import { type BenchServers, serverVersion, startBenchServers } from '../harness/bench-servers.ts';
import { JOB_ID, JOB_SLOT, type JobRun } from '../harness/job-spec.ts';
import type { BenchOptions } from '../harness/options.ts';
import { clientProgram, programVersion, timed } from '../harness/programs.ts';
import { alternate, printResult } from '../harness/result.ts';
import { runJob } from '../harness/run-job.ts';
import { copySlot, dropSlot } from '../harness/slots.ts';

const YARDSTICK_SLOT = 'yardstick';

/** Rows per second of `pg_recvlogical` reading the backlog to /dev/null. */
async function yardstick({ database }: BenchServers, backlog: Backlog): Promise<number> {
  await copySlot(database, backlog.slot, YARDSTICK_SLOT);
  const { host, port, user } = database.connection;
  const seconds = await timed(clientProgram('pg_recvlogical'), [
    ...[
      '-h',
      host,
      '-p',
      String(port),
      '-U',
      user,
      '-d',
      database.name,
      '-S',
      YARDSTICK_SLOT,
      '--start',
      '--no-loop',
      '-f',
      '/dev/null',
    ],
    ...['-o', 'proto_version=1', '-o', `publication_names=${JOB_SLOT}`, '-E', backlog.endLsn],
  ]);
  await dropSlot(database, YARDSTICK_SLOT);
  return backlog.rows / seconds;
}

async function ours({ database, redis }: BenchServers, backlog: Backlog): Promise<JobRun> {
  const resumeLsn = await copySlot(database, backlog.slot, JOB_SLOT);
  const done = await runJob({
    jobId: JOB_ID,
    redisUrl: redis.url,
    source: database.connection,
    initialLoad: 'none',
    resumeLsn,
    sink: 'counting',
    rows: backlog.rows,
    lastId: undefined,
  });
  await dropSlot(database, JOB_SLOT);
  return done;
}

export async function run({ scale, rounds }: BenchOptions): Promise<void> {
  await using servers = await startBenchServers();
  const { database } = servers;
  console.log(`writing the backlogs (scale ${scale}) ...`);
  await createOrdersTable(database);
  // The server looks a publication up as of each change: the job's own must be there before the backlog is.
  await database.query(`create publication ${JOB_SLOT} for table orders`);
  const cases = { mixed100: await mixedBacklog(database, scale), single: await singleRowBacklog(database, scale) };
  const ratios: Record<string, number> = {};
  const figures: Record<string, unknown> = {};
  for (const [name, backlog] of Object.entries(cases)) {
    const runs: JobRun[] = [];
    const result = await alternate(
      name,
      rounds,
      async () => {
        const done = await ours(servers, backlog);
        runs.push(done);
        return done.rows / done.seconds;
      },
      () => yardstick(servers, backlog),
    );
    ratios[name] = result.ratio;
    figures[name] = {
      rows: backlog.rows,
      oursRowsPerSecond: result.ours,
      yardstickRowsPerSecond: result.yardstick,
      jsonMiB: Math.round(runs.at(-1)!.bytes / 1_048_576),
      snapshots: runs.at(-1)!.snapshots,
      rssMiB: runs.at(-1)!.rssMiB,
    };
  }
  const versions = { postgres: await serverVersion(database), yardstick: await programVersion('pg_recvlogical') };
  printResult({ bench: 'cdc', ratios, figures }, versions);
}
