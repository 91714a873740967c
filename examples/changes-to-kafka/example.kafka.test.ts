import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { testKafka } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import {
  committedMessages,
  type SeenMessage,
} from '../../libs/connectors/kafka/src/test-support/committed-messages.ts';

const document = (name: string) =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Record<string, unknown>;

const TOPIC = 'shop.orders';
const ROWS = 50;
const ROUNDS = 20;
const KILLS = new Set([6, 13]);
const WAIT_MS_MAX = 60_000;

it('brings every change of a table to a topic, exactly once under kill -9', async () => {
  const { brokers } = await testKafka();
  await using platform = await startPlatform({ workers: 1, show: () => {} });
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
  await rest.post('sinks', { ...document('sink'), config: { brokers: [brokers] } });
  await rest.post('jobs', document('job'));

  /** What can be read once there are so many messages. */
  const readAll = async (count: number): Promise<readonly SeenMessage[]> => {
    const deadline = performance.now() + WAIT_MS_MAX;
    for (;;) {
      // The topic is made with the first row.
      const seen = await committedMessages(brokers, [TOPIC], true).catch(() => []);
      if (seen.length >= count || performance.now() > deadline) return seen;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  expect(await readAll(ROWS)).toHaveLength(ROWS);
  const expected = Array.from({ length: ROWS }, (_, index) => `r ${index + 1} 0`);
  for (let round = 1; round <= ROUNDS; round++) {
    await source.query('update orders set version = $1::int where id % 5 = $1::int % 5', [round]);
    for (let id = 1; id <= ROWS; id++) if (id % 5 === round % 5) expected.push(`u ${id} ${round}`);
    if (KILLS.has(round)) {
      await workers[0]!.kill();
      await workers[0]!.start();
    }
  }
  await source.query('delete from orders where id = 7');
  expected.push('d 7 null');
  await readAll(expected.length);

  // The job goes on for another snapshot or two: nothing more comes.
  await source.query('insert into orders values (1000, 1)');
  expected.push('c 1000 1');
  const messages = await readAll(expected.length);
  const text = ({ key, value, headers }: SeenMessage): string => {
    const version = value === null ? null : (JSON.parse(value) as { version: number }).version;
    return `${headers['op']} ${(JSON.parse(key!) as { id: number }).id} ${version}`;
  };
  expect(messages.map(text).toSorted()).toEqual(expected.toSorted());
  const ofOne = messages.filter(({ key }) => key === '{"id":12}').map(text);
  expect(ofOne).toEqual(['r 12 0', 'u 12 2', 'u 12 7', 'u 12 12', 'u 12 17']);
}, 180_000);
