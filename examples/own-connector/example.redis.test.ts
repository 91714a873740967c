import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { connect } from './client.ts';
import { connectionSchema } from './config.ts';

const document = (name: string) =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Record<string, unknown> & {
    readonly config: object;
  };

const ROWS = 40;
const ROUNDS = 12;
const KILL_AT = 6;
const WAIT_MS_MAX = 60_000;

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS_MAX;
  while (!(await isSo()) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
}

it('carries every change through a stream into another database, exactly once under kill -9, by a connector from outside', async () => {
  const connector = fileURLToPath(new URL('./connector.ts', import.meta.url));
  await using platform = await startPlatform({ workers: 1, show: () => {}, env: { MILLRACE_CONNECTORS: connector } });
  const { rest, source, target, workers } = platform;
  await source.query(`
    create table orders (id int primary key, version int not null);
    insert into orders select id, 0 from generate_series(1, ${ROWS}) id`);
  const { hostname: host, port } = new URL(platform.redis.url);
  const server = { host, port: Number(port) };
  const databases = { shop: source.connection, warehouse: target.connection };
  for (const [kind, name] of [
    ['sources', 'shop'],
    ['sinks', 'warehouse'],
  ] as const) {
    const definition = document(name);
    const { password, ...connection } = databases[name];
    const config = { ...definition.config, ...connection, ...(password === undefined ? {} : { password }) };
    await rest.post(kind, { ...definition, config });
  }
  for (const kind of ['sources', 'sinks']) await rest.post(kind, { ...document('streams'), config: server });
  for (const job of ['to-stream', 'from-stream']) await rest.post('jobs', document(job));

  const redis = await connect(connectionSchema.parse(server));
  try {
    const entries = async (): Promise<number> => redis.xlen('orders');
    await until(async () => (await entries()) >= ROWS);
    for (let round = 1; round <= ROUNDS; round++) {
      await source.query('update orders set version = $1::int where id % 4 = $1::int % 4', [round]);
      if (round !== KILL_AT) continue;
      await workers[0]!.kill();
      await workers[0]!.start();
    }
    await source.query('delete from orders where id = 7');
    const changes = ROWS + (ROWS / 4) * ROUNDS + 1;
    await until(async () => (await entries()) >= changes);
    const rows = await source.query('select id, version from orders order by id');
    const copied = async () => target.query('select id, version from orders order by id').catch(() => []);
    await until(async () => JSON.stringify(await copied()) === JSON.stringify(rows));
    expect(await copied()).toEqual(rows);
    // One more, so that what would come twice has come.
    await source.query('insert into orders values (1000, 1)');
    await until(async () => (await entries()) > changes);
    expect(await entries()).toBe(changes + 1);
  } finally {
    redis.disconnect();
  }
}, 180_000);
