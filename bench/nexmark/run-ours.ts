/**
 * `node run-ours.ts WORKLOAD [--form columns|rows] [--quick] [--runs 3] [--n N] [--verbose]`: runs one workload on an engine in this process, and prints a
 * `RunReport` as one line of JSON. The bench starts it as a child; profilers start it by hand.
 */
import { parseArgs } from 'node:util';
import { type Engine, startEngine } from '@millrace/engine';
import { newBoard } from './board.ts';
import { JobRunner, snapshotsOf } from './job-runner.ts';
import { latencyOf, outcomeOf, secondsOf } from './outcome.ts';
import type { Outcome } from './reference.ts';
import { restarting } from './restarting.ts';
import type { RunReport } from './run-report.ts';
import { type Form, isLatency, PARALLELISM, type Workload, workloads } from './workloads.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    form: { type: 'string', default: 'columns' },
    quick: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    n: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const named = workloads(values.quick).find(({ name }) => name === positionals[0]);
if (named === undefined) throw new Error(`no workload ${positionals[0]}`);
const workload: Workload = values.n === undefined ? named : { ...named, n: Number(values.n) };
const form = values.form as Form;

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** The measured runs follow one that warms up, all on the same threads. */
async function unpaced(engine: Engine): Promise<RunReport> {
  const reports: (Outcome & { readonly seconds: number; readonly cpuSeconds: number })[] = [];
  for (let run = 0; run <= Number(values.runs); run++) {
    const board = newBoard(workload);
    const runner = new JobRunner(engine, { workload, form, board });
    const cpuBefore = process.cpuUsage();
    await runner.start();
    await runner.completed();
    reports.push({ seconds: secondsOf(board), cpuSeconds: cpuSince(cpuBefore), ...outcomeOf(board, workload) });
    if (values.verbose) console.error(JSON.stringify(reports.at(-1)));
  }
  const [first, ...rest] = reports;
  const measured = rest.length === 0 ? [first!] : rest;
  if (new Set(reports.map(({ checksum }) => checksum)).size > 1) throw new Error('the runs differ');
  const runs = measured.map(({ seconds }) => seconds);
  const seconds = [...runs].sort((a, b) => a - b)[runs.length >> 1]!;
  const { n, name } = workload;
  return { workload: name, n, rate: n / seconds, runs, ...measured[runs.indexOf(seconds)]! };
}

async function paced(engine: Engine): Promise<RunReport> {
  const board = newBoard(workload);
  const runner = new JobRunner(engine, { workload, form, board });
  const cpuBefore = process.cpuUsage();
  await runner.start();
  const watched = isLatency(workload) ? undefined : await restarting(runner, board);
  await runner.completed();
  const seconds = secondsOf(board);
  return {
    workload: workload.name,
    n: workload.n,
    seconds,
    rate: workload.n / seconds,
    runs: [seconds],
    cpuSeconds: cpuSince(cpuBefore),
    ...outcomeOf(board, workload),
    latency: isLatency(workload) ? latencyOf(board, workload) : undefined,
    snapshots: watched?.snapshots ?? snapshotsOf(runner.taken.slice(workload.warmSeconds)),
    restarts: watched?.restarts,
  };
}

{
  await using engine = await startEngine({ threads: PARALLELISM });
  const report = workload.rate === 0 ? await unpaced(engine) : await paced(engine);
  console.log(JSON.stringify(report));
}
