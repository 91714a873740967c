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

const FORMS = ['table', 'message'] as const;

it(
  'brings messages of committed transactions to Kafka once and in order, by table and by message, under kill -9 of the worker',
  async () => {
    const executor = fromPg(pool);
    const outboxes = FORMS.map((by) => ({
      by,
      topic: `billing-${by}-${Date.now()}`,
      outbox: new Outbox({ executor, by }),
    }));
    for (const { by, outbox } of outboxes) {
      await outbox.migrate();
      const job = outbox.job({ name: by, source: 'shop', sink: 'events', createTopics: { partitions: 3 } });
      await platform.rest.post('jobs', job);
      await until(async () => (await platform.rest.get<{ status: string }>(`jobs/${by}`)).status === 'RUNNING');
    }
    const add = async (tx: pg.PoolClient, key: string, round: number): Promise<void> => {
      const headers = { 'x-round': String(round) };
      for (const { topic, outbox } of outboxes)
        await outbox.add(tx, { topic, key, payload: { round, of: "it's" }, headers });
    };
    for (let round = 0; round < ROUNDS; round++) {
      await executor.transaction(async (tx) => {
        await tx.query('INSERT INTO orders VALUES ($1, $2, 1)', [round, `c${round % 4}`]);
        await add(tx, `c${round % 4}`, round);
        await tx.query("SELECT pg_logical_emit_message(true, 'of_others', 'no JSON')");
      });
      const undone = executor.transaction(async (tx) => {
        await add(tx, 'undone', round);
        throw new Error('undone');
      });
      await expect(undone).rejects.toThrow('undone');
      if (KILLS.has(round)) {
        await platform.workers[0]!.kill();
        await platform.workers[0]!.start();
      }
    }
    for (const { topic } of outboxes) {
      const seen = await messagesOf(topic);
      expect(seen.map(({ round }) => round).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: ROUNDS }, (_, round) => round),
      );
      for (const key of ['c0', 'c1', 'c2', 'c3']) {
        const rounds = seen.filter((each) => each.key === key).map(({ round }) => round);
        expect(rounds).toEqual(rounds.toSorted((a, b) => a - b));
      }
      for (const { round, value, header } of seen)
        expect([value, header]).toEqual([`{"round":${round},"of":"it's"}`, String(round)]);
    }
    expect((await pool.query('SELECT FROM millrace_outbox')).rowCount).toBe(0);
  },
  TEST_MS_MAX,
);

interface Seen {
  readonly key: string;
  readonly round: number;
  readonly value: string;
  readonly header: string;
}

/** As many messages as there were rounds; what is beyond them shows as one too many. */
async function messagesOf(topic: string): Promise<readonly Seen[]> {
  const consumer = kafka.consumer({ groupId: topic, readUncommitted: false });
  const seen: Seen[] = [];
  await consumer.connect();
  try {
    await until(async () => (await kafka.admin().listTopics()).includes(topic));
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { key, value, headers } }) => {
        const { round } = JSON.parse(String(value)) as { round: number };
        seen.push({ key: String(key), round, value: String(value), header: String(headers!['x-round']) });
      },
    });
    await until(() => seen.length >= ROUNDS);
  } finally {
    await consumer.disconnect();
  }
  return seen;
}
