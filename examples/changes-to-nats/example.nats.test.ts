import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { NatsServer } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { atServer } from '../../libs/connectors/nats/src/test-support/test-stream.ts';

const document = (name: string) =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Record<string, unknown>;

const ROWS = 50;
const ROUNDS = 10;
const KILLED_AT = 5;
const WAIT_MS_MAX = 60_000;

interface Order {
  readonly id: number;
  readonly version: number;
}

const textOf = ({ id, version }: Order): string => `${id} ${version}`;

it('brings every change of a table to a stream, and from there to files, exactly once under kill -9', async () => {
  await using nats = await NatsServer.start();
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const folder = mkdtempSync(join(tmpdir(), 'millrace-nats-example-'));
  const { rest, source, workers } = platform;
  await source.query(`
    create table orders (id int primary key, version int not null);
    insert into orders select id, 0 from generate_series(1, ${ROWS}) id`);
  const { password, ...connection } = source.connection;
  const shop = document('source') as { config: object };
  await rest.post('sources', {
    ...shop,
    config: { ...shop.config, ...connection, ...(password === undefined ? {} : { password }) },
  });
  const atNats = { ...document('sink'), config: { servers: [`127.0.0.1:${nats.port}`] } };
  await rest.post('sinks', atNats);
  await rest.post('jobs', document('job'));

  const inStream = () =>
    atServer(nats.url, async (client, { streams }) => {
      const { subjects = {} } = (await streams.info('SHOP', { subjects_filter: 'shop.>' })).state;
      const count = Object.values(subjects).reduce((sum, each) => sum + each, 0);
      const seen: string[] = [];
      if (count === 0) return seen;
      const consumer = await client.consumers.get('SHOP', { filter_subjects: 'shop.>' });
      for await (const { data } of await consumer.consume())
        if (seen.push(textOf(JSON.parse(new TextDecoder().decode(data)) as Order)) >= count) break;
      return seen;
    }).catch((): string[] => []);
  const inFiles = (): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ndjson') && !name.split('/').some((part) => /^[._]/.test(part)))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
      .map((line) => textOf((JSON.parse(line) as { after: Order }).after));
  const until = async (count: number, read: () => Promise<string[]> | string[]): Promise<string[]> => {
    const deadline = performance.now() + WAIT_MS_MAX;
    for (;;) {
      const seen = await read();
      if (seen.length >= count || performance.now() > deadline) return seen.toSorted();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  const expected = Array.from({ length: ROWS }, (_, index) => `${index + 1} 0`);
  await until(ROWS, inStream);
  await rest.post('sources', atNats);
  await rest.post('sinks', { name: 'lines', type: 'files', config: { directory: folder } });
  await rest.post('jobs', document('back'));
  for (let round = 1; round <= ROUNDS; round++) {
    await source.query('update orders set version = $1::int where id % 5 = $1::int % 5', [round]);
    for (let id = 1; id <= ROWS; id++) if (id % 5 === round % 5) expected.push(`${id} ${round}`);
    if (round !== KILLED_AT) continue;
    await workers[0]!.kill();
    await workers[0]!.start();
  }
  expected.sort();
  expect(await until(expected.length, inStream)).toEqual(expected);
  expect(await until(expected.length, inFiles)).toEqual(expected);
  rmSync(folder, { recursive: true, force: true });
}, 180_000);
