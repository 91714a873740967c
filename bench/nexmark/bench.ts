import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resultLine } from '../harness/result.ts';
import { compare } from './comparison.ts';
import { jetFolder, jetVersions, runJet } from './jet.ts';
import { type NexmarkOptions, nexmarkOptions } from './options.ts';
import { type Outcome, referenceOf } from './reference.ts';
import type { MeasuredRun, RunReport } from './run-report.ts';
import { watched } from './watched-process.ts';
import { type Form, isLatency, type Workload } from './workloads.ts';

const OURS = fileURLToPath(new URL('./run-ours.ts', import.meta.url));
const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

async function runOurs(workload: Workload, form: Form, { runs, isQuick }: NexmarkOptions): Promise<MeasuredRun> {
  const args = [...process.execArgv, OURS, workload.name, '--form', form, '--runs', String(runs)];
  if (isQuick) args.push('--quick');
  const { stdout, ...figures } = await watched(process.execPath, args);
  return { ...(JSON.parse(stdout) as RunReport), ...figures };
}

/** A run with other results than the reference's is worth nothing. */
function verify(side: string, run: MeasuredRun, expected: Outcome): void {
  for (const figure of ['outputs', 'sum', 'checksum'] as const) {
    if (run[figure] !== expected[figure]) {
      throw new Error(`${side}, workload ${run.workload}: ${figure} is ${run[figure]}, not ${expected[figure]}`);
    }
  }
}

function headline(side: string, run: MeasuredRun): string {
  const { latency, snapshots, restarts } = run;
  const parts = [`${(run.rate / 1e6).toFixed(2)} M events/s`];
  if (latency !== undefined) parts.push(`p50 ${latency.p50} ms`, `p99 ${latency.p99} ms`, `p99.99 ${latency.p9999} ms`);
  if (snapshots !== undefined) parts.push(`snapshot ${snapshots.medianMs.toFixed(1)} ms`);
  if (restarts !== undefined) parts.push(`restart ${restarts.restartMs.map(Math.round).join(', ')} ms`);
  parts.push(`${Math.round(run.rssPeakBytes / 2 ** 20)} MiB`, `${run.cpuSeconds.toFixed(1)} CPU s`);
  return `${side} ${parts.join(', ')}, ${Math.round(run.foreignLoad * 100)} % foreign load`;
}

/** Alternating runs of one workload. Ours runs once a pair for each form of its source. */
async function comparePairs(folder: string, workload: Workload, options: NexmarkOptions) {
  const expected = referenceOf(workload);
  const ours = new Map<Form, MeasuredRun[]>(workload.forms.map((form) => [form, []]));
  const jet: MeasuredRun[] = [];
  const collector = isLatency(workload) || workload.pipeline === 'rolling' ? options.latencyCollector : 'Parallel';
  for (let pair = 1; pair <= options.pairs; pair++) {
    const label = `${workload.name} ${pair}/${options.pairs}`;
    const theirs = await runJet(folder, workload, { ...options, collector });
    verify('Jet', theirs, expected);
    jet.push(theirs);
    console.log(headline(`${label} Jet:`, theirs));
    for (const [form, runs] of ours) {
      const run = await runOurs(workload, form, options);
      verify(`ours (${form})`, run, expected);
      runs.push(run);
      console.log(headline(`${label} ours (${form}):`, run));
    }
  }
  return { jet, ours, collector };
}

export async function run(args: readonly string[]): Promise<void> {
  const options = nexmarkOptions(args);
  const folder = jetFolder(options.jetFolder);
  const ratios: Record<string, number> = {};
  const figures: Record<string, unknown> = {};
  for (const workload of options.workloads) {
    const { jet, ours, collector } = await comparePairs(folder, workload, options);
    for (const [form, runs] of ours) {
      const name = workload.forms.length > 1 ? `${workload.name}-${form}` : workload.name;
      const compared = compare(workload, runs, jet);
      for (const [figure, { ratio }] of Object.entries(compared)) ratios[`${name}.${figure}`] = ratio;
      const foreignLoad = [...jet, ...runs].map((each) => each.foreignLoad);
      const { n, keys, rate, guarantee } = workload;
      figures[name] = {
        ...{ n, keys, rate, guarantee, collector, foreignLoadMax: Math.max(...foreignLoad) },
        compared,
        runs: { ours: runs, jet },
      };
    }
  }
  const { pairs, runs, isQuick, isHeapGrowing } = options;
  const result = {
    bench: 'nexmark',
    ratios,
    figures: { ...figures, options: { pairs, runs, isQuick, isHeapGrowing } },
  };
  const { line, commit } = resultLine(result, jetVersions(folder));
  if (options.isSaved) {
    mkdirSync(RESULTS, { recursive: true });
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    writeFileSync(`${RESULTS}nexmark-${day}-${commit}.json`, `${JSON.stringify(JSON.parse(line), undefined, 2)}\n`);
  }
  console.log(line);
}
