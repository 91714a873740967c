import { expect, it } from '@jest/globals';
import { SchemaRegistry as Reader } from '@kafkajs/confluent-schema-registry';
import { testKafka, testRegistry } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { committedBytes } from '../../libs/connectors/kafka/src/test-support/committed-messages.ts';

const LOADED = 500;
const ROUNDS = 12;
const KILL_AT = 4;
const ALTER_AT = 7;

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

it('a topic in Avro follows a table whose columns change, under kill -9', async () => {
  const { brokers } = await testKafka();
  const { url } = await testRegistry();
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, workers } = platform;
  const topic = `avro-${process.pid}-${Date.now()}`;
  await source.query(`
    create table items (id int primary key, name text, amount numeric(12,3), day date, tags text[], raw bytea);
    insert into items select n, 'item ' || n, n / 8.0, date '2026-11-28' + n, array['a', null, n::text], '\\x00ff' from generate_series(1, ${LOADED}) n;
  `);
  const { password, ...connection } = source.connection;
  const login = { ssl: 'disable', ...connection, ...(password === undefined ? {} : { password }) };
  await rest.post('sources', { name: 'shop', type: 'postgres', config: login });
  await rest.post('sinks', { name: 'topics', type: 'kafka', config: { brokers: [brokers], schemaRegistry: { url } } });
  await rest.post('jobs', {
    name: 'in-avro',
    snapshotInterval: '300ms',
    stages: {
      items: { source: 'shop', tables: ['public.items'] },
      topic: { input: 'items', sink: 'topics', topic, format: 'avro', createTopics: { partitions: 3 } },
    },
  });

  const reader = new Reader({ host: url });
  /** Rows as a reader has them that keeps the newest value of each key. */
  const rows = async (): Promise<readonly Record<string, unknown>[]> => {
    const newest = new Map<number, Record<string, unknown>>();
    for (const { key, value } of await committedBytes(brokers, [topic])) {
      const { id } = (await reader.decode(key!)) as { readonly id: number };
      if (value === null) newest.delete(id);
      else newest.set(id, (await reader.decode(value)) as Record<string, unknown>);
    }
    return [...newest].sort(([a], [b]) => a - b).map(([, row]) => row);
  };
  const shown = async () =>
    (await rows()).map(({ id, name, amount, day, tags, note }) => ({
      id,
      name,
      amount:
        amount === null
          ? null
          : (Number((amount as Buffer).readIntBE(0, (amount as Buffer).length)) / 1_000).toFixed(3),
      day,
      tags,
      note: note ?? null,
    }));
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 300 && !(await holds().catch(() => false)); tries++) await pause(200);
  };
  await until(async () => (await rows()).length === LOADED);

  for (let round = 0; round < ROUNDS; round++) {
    if (round === ALTER_AT) await source.query('alter table items drop column raw, add column note text');
    const set = round < ALTER_AT ? `name = 'round ${round}'` : `note = 'round ${round}'`;
    await source.query(`
      update items set ${set} where id % ${ROUNDS} = ${round};
      delete from items where id = ${round * 7 + 1};
      insert into items (id, tags) values (${LOADED + round + 1}, '{}');
    `);
    if (round === KILL_AT) {
      await workers[0]!.kill();
      await workers[0]!.start();
    }
    await pause(100);
  }

  const expected = await source.query(
    "select id, name, amount::text as amount, day - date '1970-01-01' as day, tags, note from items order by items.id",
  );
  await until(async () => JSON.stringify(await shown()) === JSON.stringify(expected));
  expect(await shown()).toEqual(expected);
  expect(await (await fetch(`${url}/subjects/${topic}-value/versions`)).json()).toEqual([1, 2]);
}, 180_000);
