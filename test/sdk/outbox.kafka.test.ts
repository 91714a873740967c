import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fromPg, Outbox } from '@millrace/sdk';
import { testKafka } from '@millrace/testing';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import type { Platform } from '../../apps/cli/src/demo/platform.ts';
import { openShop, until } from './open-shop.ts';

const START_MS_MAX = 120_000;
const TEST_MS_MAX = 120_000;
const ROUNDS = 40;
const KILLS = new Set([10, 25]);

let platform: Platform;
let pool: pg.Pool;
let kafka: Kafka;

beforeAll(async () => {
  const { brokers } = await testKafka();
  platform = await openShop();
  pool = new pg.Pool({ connectionString: platform.source.url });
  kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  await platform.rest.post('sinks', { name: 'events', type: 'kafka', config: { brokers: [brokers] } });
}, START_MS_MAX);
afterAll(async () => {
  await pool.end();
  await platform[Symbol.asyncDispose]();
});

it(
  'brings messages of committed transactions to Kafka once and in order, under kill -9 of the worker',
  async () => {
    const executor = fromPg(pool);
    const outbox = new Outbox({ executor });
    await outbox.migrate();
    const topic = `billing-${Date.now()}`;
    const job = outbox.job({ source: 'shop', sink: 'events', createTopics: { partitions: 3 } });
    await platform.rest.post('jobs', job);
    await until(async () => (await platform.rest.get<{ status: string }>('jobs/outbox')).status === 'RUNNING');
    for (let round = 0; round < ROUNDS; round++) {
      await executor.transaction(async (tx) => {
        await tx.query('INSERT INTO orders VALUES ($1, $2, 1)', [round, `c${round % 4}`]);
        await outbox.add(tx, {
          topic,
          key: `c${round % 4}`,
          payload: { round },
          headers: { 'x-round': String(round) },
        });
      });
      const undone = executor.transaction(async (tx) => {
        await outbox.add(tx, { topic, key: 'undone', payload: { round } });
        throw new Error('undone');
      });
      await expect(undone).rejects.toThrow('undone');
      if (KILLS.has(round)) {
        await platform.workers[0]!.kill();
        await platform.workers[0]!.start();
      }
    }
    const consumer = kafka.consumer({ groupId: topic, readUncommitted: false });
    const seen: { readonly key: string; readonly round: number; readonly header: string }[] = [];
    await consumer.connect();
    try {
      await until(async () => {
        const topics = await kafka.admin().listTopics();
        return topics.includes(topic);
      });
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        eachMessage: async ({ message: { key, value, headers } }) => {
          const { round } = JSON.parse(String(value)) as { round: number };
          seen.push({ key: String(key), round, header: String(headers!['x-round']) });
        },
      });
      await until(() => seen.length >= ROUNDS);
    } finally {
      await consumer.disconnect();
    }
    expect(seen.map(({ round }) => round).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: ROUNDS }, (_, round) => round),
    );
    for (const key of ['c0', 'c1', 'c2', 'c3']) {
      const rounds = seen.filter((each) => each.key === key).map(({ round }) => round);
      expect(rounds).toEqual(rounds.toSorted((a, b) => a - b));
    }
    expect(seen.every(({ round, header }) => header === String(round))).toBe(true);
    expect((await pool.query('SELECT FROM millrace_outbox')).rowCount).toBe(0);
  },
  TEST_MS_MAX,
);
