import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { MillraceError, parseDurationMs } from '@millrace/kernel';
import { KafkaServer, SeededRandom } from '@millrace/testing';
import { differences, figures, isSettled, readBooks, verdict } from './books.ts';
import { Customers, ON_HAND, SKUS } from './customers.ts';
import { openShop, type Shop } from './shop.ts';

const CUSTOMERS = ['ann', 'bob', 'cleo', 'dan'];
const PAUSE_MS = 100;
const LOOK_EVERY_MS = 3_000;
const SETTLE_MS_MAX = 60_000;
const SETTLE_POLL_MS = 200;

const show = (line: string): void => console.log(line);
const pause = (durationMs: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, durationMs);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** Lines typed by the person in front of it. */
function onLines(shop: Shop, quit: () => void): () => void {
  const kill = async (name: string): Promise<void> => {
    show(`kill -9 (${name})`);
    if (name === 'worker') {
      await shop.platform.workers[0]!.kill();
      await shop.platform.workers[0]!.start();
    } else await shop.services[name as keyof Shop['services']].replace();
  };
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const name = /^\s*k(?:ill)?\s+(worker|orders|stock|billing)\s*$/.exec(line)?.[1];
    if (name !== undefined) void kill(name);
    if (line.trim() === 'q') quit();
  });
  return () => {
    lines.close();
    process.stdin.destroy();
  };
}

function printLinks({ platform, services, databases, topic, brokers }: Shop): void {
  show('');
  show(`dashboard: ${platform.apiUrl}/ui/`);
  show(`orders:    curl ${services.orders.url}/orders/ann-1`);
  show(`           curl '${services.orders.url}/orders?customer=ann'`);
  show(`stock:     curl ${services.stock.url}/items`);
  show(`billing:   psql ${databases.billing.url} -c 'select * from invoices'`);
  for (const { name, url } of Object.values(services)) show(`health:    curl ${url}/health  (${name})`);
  show(`Kafka:     ${brokers}, topic ${topic}`);
  show(`logs:      ${platform.logs}`);
  show('type kill stock (or worker, orders, billing) + Enter to kill it with SIGKILL, q + Enter to end');
  show('');
}

/** Compares once nothing is on its way any more. */
async function settle(shop: Shop): Promise<boolean> {
  const deadline = performance.now() + SETTLE_MS_MAX;
  for (;;) {
    const books = await readBooks(shop);
    const isEqual = isSettled(books) && differences(books).length === 0;
    if (isEqual || performance.now() > deadline) {
      show(verdict(books));
      return isEqual;
    }
    await pause(SETTLE_POLL_MS);
  }
}

async function run(forMs: number | undefined, seed: number): Promise<boolean> {
  show('The example shop: orders, stock and billing on Millrace.');
  await using kafka = await KafkaServer.start();
  await using shop = await openShop({ brokers: kafka.brokers, topic: 'invoices', show });
  for (const sku of SKUS) {
    await fetch(`${shop.services.stock.url}/items/${sku}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ onHand: ON_HAND }),
    });
  }
  printLinks(shop);
  const ended = new AbortController();
  const quit = (): void => ended.abort();
  process.once('SIGINT', quit);
  process.once('SIGTERM', quit);
  const closeLines = onLines(shop, quit);
  try {
    const random = new SeededRandom(seed);
    const customers = new Customers(shop.services.orders.url);
    const shopping = Promise.all(CUSTOMERS.map((name) => customers.shop(name, random, PAUSE_MS, ended.signal)));
    const until = forMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + forMs;
    while (!ended.signal.aborted && performance.now() < until) {
      await pause(Math.min(LOOK_EVERY_MS, Math.max(0, until - performance.now())), ended.signal);
      show(figures(await readBooks(shop)));
    }
    ended.abort();
    await shopping;
    show('the shop is closed; comparing ...');
    return await settle(shop);
  } finally {
    closeLines();
  }
}

const { values } = parseArgs({ options: { for: { type: 'string' }, seed: { type: 'string', default: '1' } } });
try {
  const isEqual = await run(values.for === undefined ? undefined : parseDurationMs(values.for), Number(values.seed));
  process.exit(isEqual ? 0 : 1);
} catch (error) {
  if (!(error instanceof MillraceError)) throw error;
  console.error([error.message, error.mend].filter(Boolean).join('\n'));
  process.exit(1);
}
