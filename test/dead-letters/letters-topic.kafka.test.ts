import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testKafka } from '@millrace/testing';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { committedMessages } from '../../libs/connectors/kafka/src/test-support/committed-messages.ts';

const ROUNDS = 6;
const KILL_AT = [2, 4];
const ROWS = 20;

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

describe('dead letters with a topic', () => {
  let platform: Platform;
  let brokers: string;
  const topic = `letters-${process.pid}-${Date.now()}`;

  beforeAll(async () => {
    ({ brokers } = await testKafka());
    platform = await startPlatform({ workers: 1, show: () => {} });
    const { rest, source, target } = platform;
    const connect = (to: typeof platform.source): Record<string, unknown> => {
      const { password, ...connection } = to.connection;
      return { ssl: 'disable', ...connection, ...(password === undefined ? {} : { password }) };
    };
    await rest.post('sources', { name: 'shop', type: 'postgres', config: connect(source) });
    await rest.post('sinks', { name: 'warehouse', type: 'jdbc', config: connect(target) });
    await rest.post('sinks', { name: 'topics', type: 'kafka', config: { brokers: [brokers] } });
    await source.query('create table readings (id int primary key, v text not null)');
  }, 180_000);

  afterAll(async () => await platform?.[Symbol.asyncDispose]());

  const job = (copyTo: object) => ({
    name: 'readings',
    snapshotInterval: '200ms',
    stages: {
      read: { source: 'shop', tables: ['public.readings'] },
      parsed: {
        input: 'read',
        select: { id: 'after.id', value: 'after.v::int4' },
        onError: { action: 'dead-letter', copyTo },
      },
      store: { input: 'parsed', sink: 'warehouse', table: 'readings', mode: 'upsert' },
    },
  });

  const letters = async (): Promise<readonly string[]> => {
    const { items } = await platform.rest.get<{ readonly items: readonly { readonly id: string }[] }>(
      'jobs/readings/dead-letters?order=oldest&limit=100',
    );
    return items.map(({ id }) => id);
  };
  const copies = () => committedMessages(brokers, [topic], true);

  async function until(what: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 600 && !(await what().catch(() => false)); tries++) await pause(100);
  }

  it('are refused where they cannot be written, at the place that says so', async () => {
    const { rest } = platform;
    await expect(rest.post('jobs', job({ sink: 'warehouse' }))).rejects.toThrow(
      /copies dead letters to a sink of type jdbc/,
    );
    await expect(rest.post('jobs', job({ sink: 'topics', topic }))).rejects.toThrow(
      new RegExp(`topic ${topic} does not exist`),
    );
    await expect(rest.post('jobs', job({ sink: 'nowhere', topic }))).rejects.toThrow(/names the sink "nowhere"/);
  });

  it('are each copied once, whatever is killed, with what there is to know in headers and the record as the value', async () => {
    const { rest, source, target, workers } = platform;
    await rest.post('jobs', job({ sink: 'topics', topic, createTopics: { partitions: 1 } }));
    // A row that comes while its table is loading may come twice: as a row, and as the change that made it.
    await until(async () => {
      const { items } = await rest.get<{ readonly items: readonly { readonly phase: string }[] }>(
        'jobs/readings/tables',
      );
      return items.length === 1 && items[0]!.phase === 'streaming';
    });
    for (let round = 0; round < ROUNDS; round++) {
      const first = round * ROWS;
      // Every fifth is no number.
      await source.query(
        "insert into readings select n, case when n % 5 = 0 then 'zwei' else n::text end from generate_series($1::int, $2::int) n",
        [first, first + ROWS - 1],
      );
      await pause(400);
      if (KILL_AT.includes(round)) {
        await workers[0]!.kill();
        await workers[0]!.start();
      }
    }
    const count = (ROUNDS * ROWS) / 5;
    await until(async () => (await letters()).length === count);
    await until(async () => (await copies()).length >= count);
    const ids = await letters();
    expect(ids).toHaveLength(count);
    expect((await copies()).map(({ key }) => key)).toEqual(ids);
    await until(async () => (await target.query('select 1 from readings')).length === ROUNDS * ROWS - count);

    const [{ headers, value }] = (await copies()) as [Awaited<ReturnType<typeof copies>>[number]];
    expect(headers).toMatchObject({
      stage: 'parsed',
      number: '1',
      reason: 'sql.invalid_text',
      attempts: '1',
      parked: 'f',
    });
    expect(headers).toMatchObject({ table: 'public.readings', message: expect.stringContaining('zwei') });
    expect(JSON.parse(value!)).toMatchObject({
      after: { id: expect.any(String), v: 'zwei' },
      schema: { id: 'public.readings' },
    });

    await source.query("update readings set v = 'drei' where id = 1");
    await until(async () => (await copies()).length === count + 1);
    const last = (await copies()).at(-1)!;
    expect(last.headers['position']).toMatch(/^[0-9A-F]+\/[0-9A-F]+\/\d+$/);
    expect(JSON.parse(last.value!)).toMatchObject({ op: 'u', after: { id: '1', v: 'drei' } });
  }, 180_000);
});
