import { beforeAll, describe, expect, it } from '@jest/globals';
import { KAFKA_USER, type SharedKafka, testKafka } from '@millrace/testing';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { COMPRESSIONS } from '../protocol/compression.ts';
import { committedMessages } from '../test-support/committed-messages.ts';
import { startSink as start } from '../test-support/drive.ts';
import { inserts, tableOf, transactionOf } from '../test-support/events.ts';
import { newTopic } from '../test-support/test-cluster.ts';
import { PENDING_BYTES_MAX } from './kafka-sink.processor.ts';

const ORDERS = tableOf('orders');
let kafka: SharedKafka;
let jobCount = 0;

beforeAll(async () => {
  kafka = await testKafka();
});

/** A sink of a job of its own. */
const startSink = (
  stage: Readonly<Record<string, unknown>>,
  options: Partial<Parameters<typeof start>[0]> = {},
): ReturnType<typeof start> =>
  start({
    config: { brokers: [kafka.brokers] },
    stage,
    jobId: `job-${process.pid}-${jobCount++}`,
    ...options,
  });

const idsOf = (messages: readonly { readonly value: string | null }[]): number[] =>
  messages.map(({ value }) => (JSON.parse(value!) as { id: number }).id);

describe('the kafka sink', () => {
  it('shows nothing before the commit, and everything once after it', async () => {
    const topic = await newTopic(kafka.brokers, 3);
    await using sink = await startSink({ topic, format: 'json' });
    await sink.write(inserts(ORDERS, 0, 100));
    await sink.prepare(1);
    expect(await committedMessages(kafka.brokers, [topic], true)).toEqual([]);
    await sink.commit(1);
    await sink.commit(1);
    expect(idsOf(await committedMessages(kafka.brokers, [topic])).sort((a, b) => a - b)).toEqual([
      ...Array(100).keys(),
    ]);
    await sink.write(inserts(ORDERS, 100, 120));
    await sink.prepare(2);
    // Written between the two phases, so of the next transaction.
    await sink.write(inserts(ORDERS, 120, 150));
    await sink.commit(2);
    await sink.snapshot(3);
    await sink.snapshot(4);
    expect(idsOf(await committedMessages(kafka.brokers, [topic])).sort((a, b) => a - b)).toEqual([
      ...Array(150).keys(),
    ]);
    expect(sink.metric('transactionsCommitted')).toBe(3);
  });

  it('writes keys, rows, tombstones, headers and the commit time', async () => {
    const topic = await newTopic(kafka.brokers);
    await using sink = await startSink({ topic, format: 'json', headers: true });
    await sink.write(
      transactionOf(ORDERS, 1_700_000_000_000, [
        { op: 'Create', after: [1, 'a "quote"', '{"x": 1}'] },
        { op: 'Update', before: [1, null], after: [1, null] },
        { op: 'Delete', before: [1, null] },
        { op: 'Truncate' },
      ]),
    );
    await sink.snapshot(1);
    const messages = await committedMessages(kafka.brokers, [topic]);
    expect(messages.map(({ key, value }) => [key, value])).toEqual([
      ['{"id":1}', '{"id":1,"note":"a \\"quote\\"","doc":{"x": 1}}'],
      ['{"id":1}', '{"id":1,"note":null,"doc":null}'],
      ['{"id":1}', null],
    ]);
    expect(messages[1]).toMatchObject({
      timeMs: 1_700_000_000_000,
      headers: {
        op: 'u',
        table: 'public.orders',
        position: '18B/CFE56800/1',
        'commit-time': '2023-11-14T22:13:20.000000Z',
      },
    });
  });

  it("writes Debezium's envelope, and a tombstone after each delete unless told not to", async () => {
    const events = transactionOf(ORDERS, 77, [
      { op: 'Create', after: [1, 'a'] },
      { op: 'Delete', before: [1, null] },
      { op: 'Truncate' },
    ]);
    const topic = await newTopic(kafka.brokers);
    const bare = await newTopic(kafka.brokers);
    await using sink = await startSink({ topic });
    await using bareSink = await startSink({ topic: bare, tombstones: false });
    await sink.write(events);
    await bareSink.write(events);
    await sink.snapshot(1);
    await bareSink.snapshot(1);
    const opOf = (value: string | null): unknown => value && (JSON.parse(value) as { op: string }).op;
    const messages = await committedMessages(kafka.brokers, [topic]);
    expect(messages.map(({ key, value }) => [key, opOf(value)])).toEqual([
      ['{"id":1}', 'c'],
      ['{"id":1}', 'd'],
      ['{"id":1}', null],
      [null, 't'],
    ]);
    expect(JSON.parse(messages[0]!.value!)).toMatchObject({
      before: null,
      after: { id: 1, note: 'a' },
      source: { lsn: 77 },
    });
    expect((await committedMessages(kafka.brokers, [bare])).map(({ value }) => opOf(value))).toEqual(['c', 'd', 't']);
  });

  it('chooses the partition as the Java client does', async () => {
    const topic = await newTopic(kafka.brokers, 7);
    await using sink = await startSink({ topic, format: 'json' });
    await sink.write(inserts(ORDERS, 0, 200));
    await sink.snapshot(1);
    const mine = await committedMessages(kafka.brokers, [topic]);
    const other = await newTopic(kafka.brokers, 7);
    const producer = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).producer({
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    await producer.send({ topic: other, messages: mine.map(({ key, value }) => ({ key, value })) });
    await producer.disconnect();
    const places = (messages: typeof mine) => new Map(messages.map(({ key, partition }) => [key, partition]));
    expect(places(mine)).toEqual(places(await committedMessages(kafka.brokers, [other])));
    expect(new Set(mine.map(({ partition }) => partition)).size).toBe(7);
  });

  it.each(Object.keys(COMPRESSIONS))('packs batches with %s', async (compression) => {
    const topic = await newTopic(kafka.brokers);
    await using sink = await startSink({ topic, format: 'json', compression });
    await sink.write(inserts(ORDERS, 0, 1_000, 'again '.repeat(50)));
    await sink.snapshot(1);
    expect(idsOf(await committedMessages(kafka.brokers, [topic]))).toEqual([...Array(1_000).keys()]);
  });

  it('keeps the order of a partition over many batches, and splits a batch that the topic finds too large', async () => {
    const topic = await newTopic(kafka.brokers, 1, { 'max.message.bytes': '4000' });
    await using sink = await startSink({ topic, format: 'json', batchBytes: '64KiB' });
    for (let start = 0; start < 3_000; start += 1_000)
      await sink.write(inserts(ORDERS, start, start + 1_000, 'y'.repeat(50)));
    await sink.snapshot(1);
    expect(idsOf(await committedMessages(kafka.brokers, [topic]))).toEqual([...Array(3_000).keys()]);
  });

  it('names a record that is too large for its topic', async () => {
    const topic = await newTopic(kafka.brokers, 1, { 'max.message.bytes': '4000' });
    await using sink = await startSink({ topic });
    await sink.write(inserts(ORDERS, 0, 1, 'y'.repeat(5_000)));
    await expect(sink.prepare(1)).rejects.toMatchObject({
      code: { code: 'kafka.record_too_large' },
      details: { topic },
    });
  });

  it('makes topics when told how, and else says that they are missing', async () => {
    const name = `made-${process.pid}-${Date.now()}`;
    await using refused = await startSink({ topic: name });
    await expect(refused.write(inserts(ORDERS, 0, 1))).rejects.toMatchObject({ code: { code: 'kafka.topic_missing' } });
    await using sink = await startSink({
      topic: `${name}.{schema}.{table}`,
      createTopics: { partitions: 2, settings: { 'cleanup.policy': 'compact' } },
    });
    await sink.write(inserts(tableOf('odd name'), 0, 10), inserts(ORDERS, 0, 10));
    await sink.snapshot(1);
    const topics = [`${name}.public.odd_name`, `${name}.public.orders`];
    expect(await committedMessages(kafka.brokers, topics)).toHaveLength(20);
  });

  it('sends a table without key to one partition, in order', async () => {
    const topic = await newTopic(kafka.brokers, 5);
    await using sink = await startSink({ topic });
    await sink.write(inserts(tableOf('log', false), 0, 50));
    await sink.snapshot(1);
    const messages = await committedMessages(kafka.brokers, [topic]);
    expect(new Set(messages.map(({ partition }) => partition)).size).toBe(1);
    expect(messages.map(({ key, value }) => [key, (JSON.parse(value!) as { after: { id: number } }).after.id])).toEqual(
      Array.from({ length: 50 }, (_, id) => [null, id]),
    );
  });

  it('holds its input back while too much waits for the brokers', async () => {
    const topic = await newTopic(kafka.brokers);
    await using sink = await startSink({ topic, format: 'json' });
    const batch = inserts(ORDERS, 0, 100, 'z'.repeat(8_000));
    await sink.write(batch);
    let taken = 0;
    // Without letting the event loop turn, so that nothing can be acknowledged.
    while (sink.offer(batch)) taken += 1;
    expect(taken * 100 * 8_000).toBeLessThan(PENDING_BYTES_MAX + 2 * 100 * 8_100);
    expect(taken).toBeGreaterThan(5);
    // The batch that was refused is offered again, and goes on where it was left.
    await sink.write(batch);
    await sink.snapshot(1);
    expect(await committedMessages(kafka.brokers, [topic])).toHaveLength((taken + 2) * 100);
  });

  it('writes without transactions when nothing is guaranteed', async () => {
    const topic = await newTopic(kafka.brokers);
    await using sink = await startSink({ topic, format: 'json' }, { guarantee: 'none' });
    await sink.write(inserts(ORDERS, 0, 10));
    await sink.complete();
    expect(idsOf(await committedMessages(kafka.brokers, [topic]))).toEqual([...Array(10).keys()]);
  });

  it('leaves the end of bounded input to the snapshot that follows it', async () => {
    const topic = await newTopic(kafka.brokers);
    await using sink = await startSink({ topic, format: 'json' });
    await sink.write(inserts(ORDERS, 0, 10));
    await sink.complete();
    await sink.prepare(1);
    expect(await committedMessages(kafka.brokers, [topic], true)).toEqual([]);
    await sink.commit(1);
    expect(idsOf(await committedMessages(kafka.brokers, [topic]))).toEqual([...Array(10).keys()]);
  });

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])('logs in by %s', async (mechanism) => {
    const topic = await newTopic(kafka.brokers);
    const config = {
      brokers: [kafka.saslBrokers],
      sasl: { mechanism, username: KAFKA_USER.username },
      password: KAFKA_USER.password,
    };
    await using sink = await startSink({ topic, format: 'json' }, { config });
    await sink.write(inserts(ORDERS, 0, 3));
    await sink.snapshot(1);
    expect(idsOf(await committedMessages(kafka.brokers, [topic]))).toEqual([0, 1, 2]);
    const wrong = startSink({ topic }, { config: { ...config, password: 'not it' } });
    await expect(wrong).rejects.toMatchObject({ code: { code: 'kafka.login_refused' } });
  });
});
