/** `npm run -s chaos -- [--scenario load|sinks|queues|poison|sdk] [--kills 25] [--seconds 90] [--rows 1000000] [--poison 1000] [--seed N] [--workers N]` */
import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';
import { runPoison } from './poison.ts';
import { runQueues } from './queues.ts';
import { runSdk } from './sdk.ts';
import { runSinks } from './sinks.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'load' },
    kills: { type: 'string', default: '25' },
    seconds: { type: 'string', default: '90' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    workers: { type: 'string', default: '2' },
    rows: { type: 'string', default: '1000000' },
    poison: { type: 'string', default: '1000' },
  },
});

const SDK_ORDERS_PER_KILL = 200;

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
  if (values.scenario === 'poison') {
    const result = await runPoison({ ...options, rows: Number(values.rows), poison: Number(values.poison) });
    console.log(JSON.stringify(result));
    return result.wrongLetters + result.wrongBefore + result.wrongAfter === 0 && result.refused === result.poison;
  }
  if (values.scenario === 'sdk') {
    const result = await runSdk({ ...options, orders: options.kills * SDK_ORDERS_PER_KILL });
    console.log(JSON.stringify(result));
    const { effects, messages, bareMessages, projected } = result;
    return [effects, messages, bareMessages, projected].every(({ missing, duplicates }) => missing + duplicates === 0);
  }
  const run = values.scenario === 'queues' ? runQueues : runSinks;
  const result = await run({ ...options, serverKills: Math.max(1, Math.round(options.kills / 8)) });
  console.log(JSON.stringify(result));
  return Object.values(result.wrong).every(({ missing, duplicates }) => missing + duplicates === 0);
}

if (!['load', 'sinks', 'queues', 'poison', 'sdk'].includes(values.scenario)) {
  console.error('--scenario is load, sinks, queues, poison or sdk');
  process.exit(2);
}
process.exit((await run()) ? 0 : 1);
