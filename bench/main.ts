/** `npm run -s bench -- NAME [--scale 1] [--rounds 3]`: runs one benchmark; the last line it prints is one JSON object. */
import { parseArgs } from 'node:util';
import type { BenchOptions } from './harness/options.ts';

const BENCHES: Readonly<Record<string, () => Promise<{ run(options: BenchOptions): Promise<void> }>>> = {
  cdc: () => import('./cdc/bench.ts'),
  load: () => import('./load/bench.ts'),
  upsert: () => import('./upsert/bench.ts'),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: 'string', default: '1' }, rounds: { type: 'string', default: '3' } },
});
const bench = BENCHES[positionals[0] ?? ''];
if (bench === undefined) {
  console.error(
    `usage: npm run -s bench -- NAME [--scale 1] [--rounds 3], NAME one of: ${Object.keys(BENCHES).join(', ')}`,
  );
  process.exit(2);
}
await (await bench()).run({ scale: Number(values.scale), rounds: Number(values.rounds) });
process.exit(0);
