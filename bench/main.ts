/** `npm run -s bench -- NAME [options]`: runs one benchmark; the last line it prints is one JSON object. */
import { parseArgs } from 'node:util';
import type { BenchOptions } from './harness/options.ts';

type Run = (args: readonly string[]) => Promise<void>;

const scaled =
  (load: () => Promise<{ run(options: BenchOptions): Promise<void> }>): Run =>
  async (args) => {
    const { values } = parseArgs({
      args: [...args],
      options: { scale: { type: 'string', default: '1' }, rounds: { type: 'string', default: '3' } },
    });
    await (await load()).run({ scale: Number(values.scale), rounds: Number(values.rounds) });
  };

const BENCHES: Readonly<Record<string, Run>> = {
  cdc: scaled(() => import('./cdc/bench.ts')),
  load: scaled(() => import('./load/bench.ts')),
  jdbc: scaled(() => import('./jdbc/bench.ts')),
  kafka: async (args) => {
    const { values } = parseArgs({
      args: [...args],
      strict: false,
      options: { latency: { type: 'boolean' }, vs: { type: 'string' } },
    });
    if (values.vs !== undefined) await (await import('./kafka/debezium/versus.ts')).versusDebezium(args);
    else if (values.latency === true) await (await import('./kafka/latency.ts')).latency();
    else await scaled(() => import('./kafka/bench.ts'))(args);
  },
  eventstore: scaled(() => import('./eventstore/bench.ts')),
  handlers: async () => (await import('./handlers/bench.ts')).run(),
  dashboard: async () => (await import('./dashboard/bench.ts')).run(),
  s3: scaled(() => import('./s3/bench.ts')),
  connectors: async (args) => (await import('./connectors/bench.ts')).run(args),
  nexmark: async (args) => (await import('./nexmark/bench.ts')).run(args),
};

const [name = '', ...args] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(
    `usage: npm run -s bench -- NAME [--scale 1] [--rounds 3], NAME one of: ${Object.keys(BENCHES).join(', ')}`,
  );
  process.exit(2);
}
await bench(args);
process.exit(0);
