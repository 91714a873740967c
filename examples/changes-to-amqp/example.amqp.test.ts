import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { testAmqp } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

interface Document {
  readonly config: object;
  readonly stages: Readonly<Record<string, object>>;
}

const document = (name: string) =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

const ROWS = 50;
const ROUNDS = 10;
const KILLED_AT = 5;
const WAIT_MS_MAX = 60_000;

interface Order {
  readonly id: number;
  readonly version: number;
}

it('brings every change of a table to a queue, and from there to files, exactly once under kill -9', async () => {
  const { host } = await testAmqp();
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const folder = mkdtempSync(join(tmpdir(), 'millrace-amqp-example-'));
  const { rest, source, workers } = platform;
  await source.query(`
    create table orders (id int primary key, version int not null);
    insert into orders select id, 0 from generate_series(1, ${ROWS}) id`);
  const { password, ...connection } = source.connection;
  const shop = document('source');
  const atShop = { ...shop.config, ...connection, ...(password === undefined ? {} : { password }) };
  await rest.post('sources', { ...shop, config: atShop });
  // Other tests use the same broker.
  const prefix = `shop.${ulids.next()}`;
  const job = document('job');
  const back = document('back');
  const queue = { ...job.stages['queue'], address: `${prefix}.{table}` };
  const messages = { ...back.stages['messages'], address: `${prefix}.orders` };
  const atBroker = { ...document('sink'), config: { hosts: [host] } };
  for (const role of ['sinks', 'sources']) await rest.post(role, atBroker);
  await rest.post('sinks', { name: 'lines', type: 'files', config: { directory: folder } });
  await rest.post('jobs', { ...job, stages: { ...job.stages, queue } });
  await rest.post('jobs', { ...back, stages: { ...back.stages, messages } });

  const inFiles = (): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ndjson') && !name.split('/').some((part) => /^[._]/.test(part)))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
      .map((line) => (JSON.parse(line) as { after: Order }).after)
      .map(({ id, version }) => `${id} ${version}`);
  const until = async (count: number): Promise<string[]> => {
    const deadline = performance.now() + WAIT_MS_MAX;
    for (;;) {
      const seen = inFiles();
      if (seen.length >= count || performance.now() > deadline) return seen.toSorted();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  const expected = Array.from({ length: ROWS }, (_, index) => `${index + 1} 0`);
  await until(ROWS);
  for (let round = 1; round <= ROUNDS; round++) {
    await source.query('update orders set version = $1::int where id % 5 = $1::int % 5', [round]);
    for (let id = 1; id <= ROWS; id++) if (id % 5 === round % 5) expected.push(`${id} ${round}`);
    if (round !== KILLED_AT) continue;
    await workers[0]!.kill();
    await workers[0]!.start();
  }
  expect(await until(expected.length)).toEqual(expected.toSorted());
  rmSync(folder, { recursive: true, force: true });
}, 180_000);
