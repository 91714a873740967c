/** `npm run -s sim -- --seconds 600 [--seed N] [--count N] [--pipeline NAME] [--verbose]` */
import { parseArgs } from 'node:util';
import { simulate } from '@millrace/testing/simulation';
import { commandFor } from './command.ts';
import { pipelines } from './pipelines.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    count: { type: 'string', default: 'Infinity' },
    pipeline: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

const names = values.pipeline === undefined ? Object.keys(pipelines) : [values.pipeline];
const unknown = names.find((name) => pipelines[name] === undefined);
if (unknown !== undefined) {
  console.error(`there is no pipeline ${unknown}, only ${Object.keys(pipelines).join(', ')}`);
  process.exit(2);
}

const PROGRESS_MS = 10_000;
const firstSeed = Number(values.seed);
const startedMs = performance.now();
const endMs = startedMs + Number(values.seconds) * 1_000;
const totals = { seeds: 0, runs: 0, steps: 0, snapshots: 0, restores: 0, findings: 0 };
let tellMs = startedMs + PROGRESS_MS;

for (let seed = firstSeed; totals.seeds < Number(values.count) && performance.now() < endMs; seed++) {
  for (const name of names) {
    const report = await simulate(pipelines[name]!, { seed });
    totals.runs += 1;
    totals.steps += report.steps;
    totals.snapshots += report.snapshots;
    totals.restores += report.restores;
    if (report.findings.length > 0) {
      totals.findings += 1;
      console.log(`${name}, seed ${seed}: ${commandFor(name, seed)}`);
      for (const { invariant, message } of report.findings) console.log(`  ${invariant} ${message}`);
    }
    if (report.findings.length > 0 || values.verbose) {
      for (const fault of report.faults) console.log(`  fault ${JSON.stringify(fault)}`);
      for (const line of report.log) console.log(`  at ${line}`);
    }
  }
  totals.seeds += 1;
  if (performance.now() < tellMs) continue;
  tellMs += PROGRESS_MS;
  console.log(`seeds ${firstSeed} to ${seed}, ${totals.runs} runs, ${totals.findings} findings`);
}

const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
console.log(JSON.stringify({ firstSeed, pipelines: names.length, seconds, ...totals }));
process.exit(totals.findings === 0 ? 0 : 1);
