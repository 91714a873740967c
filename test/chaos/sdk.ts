import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '@millrace/eventstore';
import { systemClock } from '@millrace/kernel';
import { GuardedProcess, SeededRandom, type TestDatabase } from '@millrace/testing';
import pg from 'pg';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';

export interface SdkOptions {
  readonly kills: number;
  readonly orders: number;
  readonly seed: number;
  readonly show: (line: string) => void;
}

export interface SdkResult {
  readonly scenario: string;
  readonly seed: number;
  readonly kills: Readonly<Record<string, number>>;
  readonly orders: number;
  /** Of the handlers. */
  readonly effects: Wrong;
  /** Of the outbox by table, as its job has delivered the messages to a table. */
  readonly messages: Wrong;
  /** Of the outbox without a table. */
  readonly bareMessages: Wrong;
  /** Of the projection of the event store. */
  readonly projected: Wrong;
}

/** Orders without a row, and rows beyond the first of an order. */
interface Wrong {
  readonly missing: number;
  readonly duplicates: number;
}

const SERVICE = fileURLToPath(new URL('./sdk-service.ts', import.meta.url));
const INSTANCES = 2;
const POLL_MS = 100;
const CATCH_UP_MS_MAX = 120_000;
const VICTIMS = ['service', 'worker', 'service', 'postgres'] as const;

const connect = ({ connection: { password, ...connection } }: TestDatabase) => ({
  ssl: 'disable',
  ...connection,
  ...(password === undefined ? {} : { password }),
});

/** Instances of the service, which can be killed and started again. */
class Services implements AsyncDisposable {
  readonly #platform: Platform;
  readonly #running: (GuardedProcess | undefined)[] = [];

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async start(index: number): Promise<void> {
    this.#running[index] = await GuardedProcess.start({
      program: process.execPath,
      args: ['--conditions=source', SERVICE, this.#platform.apiUrl, this.#platform.target.url],
      stopSignal: 'TERM',
      logFile: join(this.#platform.logs, `service-${index}.log`),
    });
  }

  async kill(index: number): Promise<void> {
    this.#running[index]!.signal('SIGKILL');
    await this.#running[index]!.gone();
    await this.start(index);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map(async (process) => process?.stop()));
  }
}

async function start({ rest, source, target }: Platform): Promise<void> {
  await source.query('create table orders (id int primary key)');
  await target.query(`
    create table effects (order_id int not null);
    create table millrace_inbox (consumer text, change text, handled_at timestamptz not null default now(), primary key (consumer, change));
    create table millrace_outbox (id bigint generated always as identity primary key, topic text not null, key text, payload json not null, headers json not null);
    create table messages (position text, body json);
    create table bare_messages (position text, body json)`);
  const pool = new pg.Pool({ connectionString: target.url, max: 1 });
  await migrate(pool);
  await pool.end();
  await rest.post('sources', { name: 'shop', type: 'postgres', config: connect(source) });
  await rest.post('sources', { name: 'service', type: 'postgres', config: connect(target) });
  await rest.post('sinks', { name: 'table', type: 'jdbc', config: connect(target) });
  await rest.post('subscriptions', {
    name: 'stock',
    source: 'shop',
    tables: ['public.orders'],
    operations: ['insert'],
  });
  // In place of Kafka, which the test of the outbox has.
  await rest.post('jobs', {
    name: 'outbox',
    snapshotInterval: '500ms',
    stages: {
      rows: { source: 'service', tables: ['public.millrace_outbox'], initialLoad: 'none' },
      added: { input: 'rows', filter: "event.op = 'c'" },
      shaped: { input: 'added', select: { position: 'after.id::text', body: 'after.payload' } },
      messages: { input: 'shaped', sink: 'table', mode: 'append', table: 'public.messages' },
    },
  });
  await rest.post('jobs', {
    name: 'bare-outbox',
    snapshotInterval: '500ms',
    stages: {
      rows: { source: 'service', tables: ['pg_message.millrace_outbox'], initialLoad: 'none' },
      shaped: {
        input: 'rows',
        select: { position: "after.content::jsonb ->> 'key'", body: "(after.content::jsonb ->> 'payload')::json" },
      },
      messages: { input: 'shaped', sink: 'table', mode: 'append', table: 'public.bare_messages' },
    },
  });
}

async function untilTrue(holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = systemClock.monotonicMs() + CATCH_UP_MS_MAX;
  while (systemClock.monotonicMs() < deadline) {
    // Servers come and go here.
    if (await holds().catch(() => false)) return true;
    await systemClock.sleep(POLL_MS);
  }
  return false;
}

async function audit(target: TestDatabase, ids: string, orders: number): Promise<Wrong> {
  const [row] = await target.query<{ distinct: number; all: number }>(
    `select count(distinct id)::int as "distinct", count(*)::int as "all" from (${ids}) found (id)`,
  );
  return { missing: orders - row!.distinct, duplicates: row!.all - row!.distinct };
}

/** Handlers, both outboxes and a projection of a service under `kill -9` of its instances, the worker and PostgreSQL: no effect twice, none missing. */
export async function runSdk({ kills, orders, seed, show }: SdkOptions): Promise<SdkResult> {
  show(`chaos sdk: seed ${seed}, ${orders} orders, ${kills} kills`);
  const random = new SeededRandom(seed);
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, target, workers, postgres } = platform;
  await start(platform);
  const running = async (name: string) => (await rest.get<{ status: string }>(`jobs/${name}`)).status === 'RUNNING';
  await untilTrue(async () => (await running('stock')) && (await running('outbox')) && (await running('bare-outbox')));
  await using services = new Services(platform);
  for (let index = 0; index < INSTANCES; index++) await services.start(index);
  const counts: Record<string, number> = {};
  const perRound = Math.ceil(orders / (kills + 1));
  for (let round = 0; round <= kills; round++) {
    const first = round * perRound;
    const last = Math.min(orders, first + perRound);
    await untilTrue(async () => {
      await source.query(
        `insert into orders select n from generate_series(${first + 1}, ${last}) n on conflict do nothing`,
      );
      return true;
    });
    if (round === kills) break;
    await systemClock.sleep(200 + random.next() * 800);
    const victim = VICTIMS[round % VICTIMS.length]!;
    counts[victim] = (counts[victim] ?? 0) + 1;
    if (victim === 'service') await services.kill(Math.floor(random.next() * INSTANCES));
    else if (victim === 'worker') {
      await workers[0]!.kill();
      await workers[0]!.start();
    } else await postgres.restart('SIGKILL');
    show(`${victim} killed`);
  }
  const found = {
    effects: 'select order_id from effects',
    messages: "select (body->>'id')::int from messages",
    bareMessages: "select (body->>'id')::int from bare_messages",
    projected: 'select order_id from reservations',
  };
  const check = (name: keyof typeof found): Promise<Wrong> => audit(target, found[name], orders);
  for (const name of Object.keys(found) as (keyof typeof found)[])
    await untilTrue(async () => (await check(name)).missing === 0);
  return {
    scenario: 'sdk',
    seed,
    kills: counts,
    orders,
    effects: await check('effects'),
    messages: await check('messages'),
    bareMessages: await check('bareMessages'),
    projected: await check('projected'),
  };
}
