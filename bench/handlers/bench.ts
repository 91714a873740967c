import { type Change, consume } from '@millrace/sdk';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { printResult } from '../harness/result.ts';

const PER_SECOND = 2_000;
const PER_TRANSACTION = 10;
/** Not counted: the compilers are at work. */
const WARM_UP_S = 5;
const MEASURED_S = 20;
const CONCURRENCY = 50;
/** The goals of this bench, in milliseconds. */
const GOALS = { p50: 5, p99: 25 };

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

/** From a commit in PostgreSQL to the handler of a service, through worker, Redis, api and HTTP, at a steady rate; everything on one machine. */
export async function run(): Promise<void> {
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, apiUrl: baseUrl } = platform;
  await source.query('create table orders (id int primary key, note text not null)');
  const { password, ...connection } = source.connection;
  const config = { ssl: 'disable', ...connection, ...(password === undefined ? {} : { password }) };
  await rest.post('sources', { name: 'shop', type: 'postgres', config });
  await rest.post('subscriptions', {
    name: 'bench',
    source: 'shop',
    tables: ['public.orders'],
    operations: ['insert'],
  });
  while ((await rest.get<{ status: string }>('jobs/bench')).status !== 'RUNNING') await pause(100);

  const latencies: number[] = [];
  const handle = async ({ committedAt }: Change): Promise<void> => {
    latencies.push(performance.timeOrigin + performance.now() - committedAt!.getTime());
  };
  const consumer = consume({ baseUrl, subscription: 'bench', concurrency: CONCURRENCY, handle });
  while (consumer.partitions === 0) await pause(50);

  const rows = PER_SECOND * (WARM_UP_S + MEASURED_S);
  const client = await source.connect();
  const everyMs = (1_000 * PER_TRANSACTION) / PER_SECOND;
  const start = performance.now();
  for (let first = 0; first < rows; first += PER_TRANSACTION) {
    const waitMs = start + (first / PER_TRANSACTION) * everyMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    const text = `insert into orders select n, 'note ' || n from generate_series($1::int, $2::int) n`;
    await client.query({ name: 'write', text, values: [first, first + PER_TRANSACTION - 1] });
  }
  await client.end();
  while (latencies.length < rows) await pause(50);
  await consumer.stop();

  const sorted = Float64Array.from(latencies.slice(PER_SECOND * WARM_UP_S)).sort();
  const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))]! * 10) / 10;
  const latencyMs = { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) };
  const ratios = { p50: latencyMs.p50 / GOALS.p50, p99: latencyMs.p99 / GOALS.p99 };
  printResult(
    { bench: 'handlers', ratios, figures: { rows, rowsPerSecond: PER_SECOND, latencyMs, goalsMs: GOALS } },
    {},
  );
}
