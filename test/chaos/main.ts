/** `npm run -s chaos -- [--scenario load|sinks] [--kills 25] [--seconds 90] [--seed N] [--workers N]` */
import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';
import { runSinks } from './sinks.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'load' },
    kills: { type: 'string', default: '25' },
    seconds: { type: 'string', default: '90' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    workers: { type: 'string', default: '2' },
  },
});

const options = {
  kills: Number(values.kills),
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  show: (line: string) => console.log(line),
};

async function run(): Promise<boolean> {
  if (values.scenario === 'load') {
    const result = await runChaos({ ...options, workers: Number(values.workers) });
    console.log(JSON.stringify(result));
    return result.differences === 0 && result.duplicates === 0 && result.missing === 0;
  }
  const result = await runSinks({ ...options, serverKills: Math.max(1, Math.round(options.kills / 8)) });
  console.log(JSON.stringify(result));
  return Object.values(result.wrong).every(({ missing, duplicates }) => missing + duplicates === 0);
}

if (values.scenario !== 'load' && values.scenario !== 'sinks') {
  console.error('--scenario is load or sinks');
  process.exit(2);
}
process.exit((await run()) ? 0 : 1);
