import { beforeAll, describe, expect, it } from '@jest/globals';
import { type ChangeBatch, declaredSchema, encodeRows } from '@millrace/formats';
import { type SharedKafka, testKafka } from '@millrace/testing';
import { CloudEvent, type CloudEventV1, Kafka } from 'cloudevents';
import { committedMessages } from '../test-support/committed-messages.ts';
import { startSink } from '../test-support/drive.ts';
import { tableOf, transactionOf } from '../test-support/events.ts';
import { newTopic } from '../test-support/test-cluster.ts';

const ORDERS = tableOf('orders');
const EVENTS = transactionOf(ORDERS, 1_700_000_000_000, [
  { op: 'Create', after: [1, 'ü "quoted"', '{"x": [1]}'] },
  { op: 'Update', before: [1, null], after: [1, null] },
  { op: 'Delete', before: [1, null] },
  { op: 'Truncate' },
]);
let kafka: SharedKafka;
let jobCount = 0;

beforeAll(async () => {
  kafka = await testKafka();
});

/** What the official library reads of the messages; of a tombstone null. */
async function written(
  stage: Readonly<Record<string, unknown>>,
  ...batches: readonly ChangeBatch[]
): Promise<readonly (CloudEventV1<unknown> | null)[]> {
  const topic = await newTopic(kafka.brokers);
  await using sink = await startSink({
    config: { brokers: [kafka.brokers] },
    stage: { topic, format: 'cloudevents', ...stage },
    jobId: `cloud-${process.pid}-${jobCount++}`,
  });
  await sink.write(...batches);
  await sink.snapshot(1);
  return (await committedMessages(kafka.brokers, [topic])).map(({ key, value, headers }) => {
    if (value === null && Object.keys(headers).length === 0) return null;
    const message = { headers: { ...headers }, key: key!, value, body: value };
    const event = Kafka.toEvent(message) as CloudEvent<unknown>;
    expect(event.validate()).toBe(true);
    return event;
  });
}

describe('CloudEvents', () => {
  it.each(['structured', 'binary'])(
    'in %s mode are read by the official library, with all attributes',
    async (mode) => {
      const events = await written(
        { cloudEvents: { mode, source: '/db/{job}', type: 'com.example.{table}.{op}' } },
        EVENTS,
      );
      const common = { specversion: '1.0', source: '/db/shop', time: '2023-11-14T22:13:20.000Z' };
      const keyed = { ...common, subject: '1', partitionkey: '{"id":1}', datacontenttype: 'application/json' };
      expect(events.map((event) => event && (JSON.parse(JSON.stringify(event)) as unknown))).toEqual([
        {
          ...keyed,
          id: '18B/CFE56800/0',
          type: 'com.example.orders.created',
          data: { id: 1, note: 'ü "quoted"', doc: { x: [1] } },
        },
        { ...keyed, id: '18B/CFE56800/1', type: 'com.example.orders.updated', data: { id: 1, note: null, doc: null } },
        { ...keyed, id: '18B/CFE56800/2', type: 'com.example.orders.deleted', data: { id: 1 } },
        null,
        {
          ...common,
          id: '18B/CFE56800/3',
          type: 'com.example.orders.truncated',
          datacontenttype: 'application/json',
          // The library's word for no key.
          partitionkey: null,
          data: {},
        },
      ]);
    },
  );

  it("carry Debezium's envelope when told to, and no tombstones", async () => {
    const events = await written({ cloudEvents: { data: 'debezium', mode: 'binary' }, tombstones: false }, EVENTS);
    expect(events.map((event) => (event!.data as { op: string }).op)).toEqual(['c', 'u', 'd', 't']);
    expect(events[0]!.data).toMatchObject({ before: null, after: { id: 1 } });
    expect(events[0]!.type).toBe('public.orders.created');
  });

  it('have the same id when they are written again, and another for each row without a position', async () => {
    const columns = { id: 'integer', region: 'text' } as const;
    const table = declaredSchema({ table: 'public.sales', columns, key: ['id', 'region'] });
    const rows = [
      { id: 1, region: 'a/b' },
      { id: 1, region: 'c' },
    ];
    const batch = encodeRows(table, rows, { receivedMs: 5 });
    const events = await written({}, batch);
    expect(await written({}, batch)).toEqual(events);
    expect(new Set(events.map((event) => event!.id)).size).toBe(2);
    expect(events[0]).toMatchObject({ subject: '1/a%2Fb', partitionkey: '{"id":1,"region":"a/b"}' });
    expect(events[0]!.id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('take a plain key', async () => {
    const events = await written({ keyFormat: 'plain' }, EVENTS);
    expect(events[0]).toMatchObject({ subject: '1', partitionkey: '1' });
  });
});
