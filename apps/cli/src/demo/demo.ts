import { createInterface } from 'node:readline';
import { systemClock } from '@millrace/kernel';
import { createShop, DEMO_SHOP, SeededRandom, ShopTraffic } from '@millrace/testing';
import { compareShop, verdictLine } from './comparison.ts';
import { type Figures, isLoaded, LiveLine } from './live-line.ts';
import { type Platform, startPlatform } from './platform.ts';
import { registerShopJob } from './shop-job.ts';
import { Terminal } from './terminal.ts';

const COMPARE_EVERY_MS = 10_000;
const LINE_EVERY_MS = 1_000;
const LOAD_WAIT_MS_MAX = 120_000;
const TRAFFIC = { writers: 4, pauseMs: 4, bulkEveryMs: 12_000 };

export interface DemoOptions {
  /** Ends by itself after this time; without it on Ctrl-C. */
  readonly forMs: number | undefined;
  readonly seed: number;
}

/** Lines typed by the person in front of it: `k` kills the worker, `q` ends. */
function onKeys(kill: () => void, quit: () => void): () => void {
  if (!process.stdin.readable) return () => {};
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line.trim() === 'k') kill();
    if (line.trim() === 'q') quit();
  });
  return () => {
    lines.close();
    // A terminal that is still read would keep the process alive.
    process.stdin.destroy();
  };
}

/** Kills the worker and starts it again at once, as a process manager would. */
async function killWorker(platform: Platform, terminal: Terminal): Promise<void> {
  const [worker] = platform.workers;
  terminal.print(`kill -9 ${worker!.pid}  (the worker)`);
  await worker!.kill();
  await worker!.start();
}

async function watch(platform: Platform, jobId: string, options: DemoOptions, terminal: Terminal): Promise<void> {
  const ended = new AbortController();
  const quit = (): void => ended.abort();
  process.once('SIGINT', quit);
  process.once('SIGTERM', quit);
  const closeKeys = onKeys(() => void killWorker(platform, terminal), quit);
  const until = options.forMs === undefined ? Number.POSITIVE_INFINITY : systemClock.monotonicMs() + options.forMs;
  const line = new LiveLine();
  // A copy that is being loaded is rightly incomplete.
  let isStreaming = false;
  let compareAt = systemClock.monotonicMs() + COMPARE_EVERY_MS;
  let comparing: Promise<void> | undefined;
  try {
    while (!ended.signal.aborted && systemClock.monotonicMs() < until) {
      const figures = await platform.rest.peek<Figures>(`jobs/${jobId}/metrics`);
      terminal.live(line.render(figures, systemClock.nowMs()));
      if (figures !== undefined) isStreaming = isLoaded(figures);
      if (isStreaming && systemClock.monotonicMs() >= compareAt && comparing === undefined) {
        comparing = compareShop(platform, jobId).then((comparison) => {
          terminal.print(verdictLine(comparison));
          comparing = undefined;
          compareAt = systemClock.monotonicMs() + COMPARE_EVERY_MS;
        });
      }
      await systemClock.sleep(LINE_EVERY_MS, ended.signal).catch(() => {});
    }
    await comparing;
  } finally {
    closeKeys();
    process.removeListener('SIGINT', quit);
    process.removeListener('SIGTERM', quit);
  }
}

/** Waits until the initial load is over, so that the last comparison says something. */
async function untilLoaded(platform: Platform, jobId: string): Promise<void> {
  const deadline = systemClock.monotonicMs() + LOAD_WAIT_MS_MAX;
  while (systemClock.monotonicMs() < deadline) {
    const figures = await platform.rest.peek<Figures>(`jobs/${jobId}/metrics`);
    if (figures !== undefined && isLoaded(figures)) return;
    await systemClock.sleep(LINE_EVERY_MS);
  }
}

/** The demo: a shop, its traffic, a job that copies it, and the proof. Returns the exit code: 0 only if the last comparison is equal. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const terminal = new Terminal(process.stdout);
  const show = (line: string): void => terminal.print(line);
  show('Millrace demo: a shop database, copied to another database while it changes.');
  await using platform = await startPlatform({ workers: 1, show });
  const client = await platform.source.connect();
  await createShop(client, DEMO_SHOP);
  await client.end();
  const traffic = new ShopTraffic({
    url: platform.source.url,
    size: DEMO_SHOP,
    clock: systemClock,
    random: new SeededRandom(options.seed),
    ...TRAFFIC,
  });
  traffic.start();
  show(
    `the shop is open: customers, products, orders and order lines, ${TRAFFIC.writers} tills, and a transaction of 50,000 rows every ${TRAFFIC.bulkEveryMs / 1_000} s`,
  );
  show('');
  const jobId = await registerShopJob(platform.rest, platform.source.connection, platform.target.connection);
  show('');
  show(`source: psql ${platform.source.url}`);
  show(`target: psql ${platform.target.url}`);
  show(`dashboard: ${platform.apiUrl}/ui/`);
  show(`figures: curl ${platform.apiUrl}/api/v1/jobs/${jobId}/metrics`);
  show(`logs: ${platform.logs}`);
  show('type k + Enter to kill the worker with SIGKILL, q + Enter to end');
  show('');
  await watch(platform, jobId, options, terminal);
  await untilLoaded(platform, jobId);
  await traffic.stop();
  show(
    `the shop is closed after ${traffic.transactions.toLocaleString('en-US')} transactions; comparing once more ...`,
  );
  const last = await compareShop(platform, jobId);
  show(verdictLine(last));
  return last.outcome === 'equal' ? 0 : 1;
}
