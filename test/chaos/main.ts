/** `npm run -s chaos -- --kills 25 --seconds 90 [--seed N] [--workers N] [--verbose]` */
import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '25' },
    seconds: { type: 'string', default: '90' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    workers: { type: 'string', default: '2' },
  },
});

const result = await runChaos({
  kills: Number(values.kills),
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  workers: Number(values.workers),
  show: (line) => console.log(line),
});
console.log(JSON.stringify(result));
process.exit(result.differences === 0 && result.duplicates === 0 && result.missing === 0 ? 0 : 1);
