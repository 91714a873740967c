import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KafkaServer } from '@millrace/testing';
import { createAPI, Writer } from '@platformatic/kafka';
import type { Cluster } from '../cluster/cluster.ts';
import { COMPRESSIONS } from '../protocol/compression.ts';
import { NO_HEADERS, RecordBatch } from '../protocol/record-batch.ts';
import { readableEnds } from '../read/offsets.ts';
import { committedMessages } from '../test-support/committed-messages.ts';
import { JOB, startSink } from '../test-support/drive.ts';
import { inserts, tableOf } from '../test-support/events.ts';
import { newTopic, testCluster } from '../test-support/test-cluster.ts';
import { testProducer } from '../test-support/test-producer.ts';
import { endOnce, type Producer, type TransactionHandle, type TransactionName } from './producer.ts';
import { settle } from './settle.ts';
import { transactionalId } from './transactional-id.ts';

function batchOf(text: string): RecordBatch {
  const batch = new RecordBatch(1_000);
  batch.add(0, undefined, Buffer.from(text), NO_HEADERS);
  return batch;
}

/** Produce, version 11: does not add the partition to the transaction, so its end writes no marker there. */
const produceBesideTransaction = createAPI<
  [name: TransactionName, topic: string, partition: number, records: Buffer],
  void
>(
  0,
  11,
  ({ transactionalId }: TransactionName, topic: string, partition: number, records: Buffer) =>
    Writer.create()
      .appendString(transactionalId)
      .appendInt16(-1)
      .appendInt32(1_000)
      .appendArray([topic], (topics) =>
        topics.appendString(topic).appendArray([partition], (partitions) =>
          partitions
            .appendInt32(partition)
            .appendUnsignedVarInt(records.length + 1)
            .append(records),
        ),
      )
      .appendTaggedFields(),
  () => undefined,
);

/** A transaction that has ended and whose marker is missing in partition 1, as a broker that was killed leaves it. */
async function hangingTransaction(
  cluster: Cluster,
  topic: string,
  isCommitted: boolean,
  transactionalId = `hangs-${topic}`,
): Promise<TransactionHandle> {
  const producer = await testProducer(cluster, transactionalId);
  producer.write(topic, 0, batchOf('whole'));
  await producer.flush();
  const handle = producer.transaction!;
  const state = { producerId: BigInt(handle.producerId), epoch: handle.epoch, sequence: 0, isTransactional: true };
  const records = Buffer.concat(await batchOf('hanging').encode(state, COMPRESSIONS.none));
  const leader = await cluster.leaderOf(topic, 1);
  await cluster.request(leader, (connection) => produceBesideTransaction.async(connection, handle, topic, 1, records));
  await endOnce(cluster, handle, isCommitted);
  return { ...handle, partitions: [...handle.partitions, { topic, partition: 1, offset: '0' }] };
}

let server: KafkaServer;
let cluster: Cluster;

beforeAll(async () => {
  server = await KafkaServer.start({ settings: { 'transaction.partition.verification.enable': 'false' } });
  cluster = testCluster(server.brokers);
});
afterAll(async () => {
  await cluster.close();
  await server[Symbol.asyncDispose]();
});

async function seen(topic: string): Promise<(string | null)[]> {
  return (await committedMessages(server.brokers, [topic], true)).map(({ value }) => value);
}

describe('a transaction that has ended', () => {
  it.each([
    ['committed', true, ['whole'], ['whole', 'hanging']],
    ['aborted', false, [], []],
  ])(
    'has the marker written that its broker has forgotten, when it was %s',
    async (_how, isCommitted, before, after) => {
      const topic = await newTopic(server.brokers, 2);
      const handle = await hangingTransaction(cluster, topic, isCommitted);
      const ended = { ...handle, isCommitted };
      expect(await settle(cluster, ended, handle.partitions.slice(0, 1))).toBe(0);
      expect(await seen(topic)).toEqual(before);
      expect(await settle(cluster, ended, handle.partitions)).toBe(1);
      expect(await seen(topic)).toEqual(after);
      expect(await settle(cluster, ended, handle.partitions)).toBe(0);
      expect(await readableEnds(cluster, handle.partitions)).toEqual([2n, 2n]);
    },
  );

  it.each([
    ['committed', true],
    ['aborted', false],
  ])('and was %s is not mixed with what the next execution writes', async (how, isCommitted) => {
    const topic = await newTopic(server.brokers, 2);
    const options = {
      config: { brokers: [server.brokers] },
      stage: { topic, format: 'json' },
      jobId: `after-${how}`,
    };
    const job = { ...JOB, jobId: options.jobId };
    await hangingTransaction(cluster, topic, isCommitted, transactionalId(job, { writer: 0, turn: 0, generation: 1 }));
    await using sink = await startSink({ ...options, generation: 2 });
    await sink.write(inserts(tableOf('orders'), 0, 20));
    await sink.prepare(1);
    expect(sink.counters.get('markersWritten')).toBe(1);
    expect(new Set(await seen(topic))).toEqual(new Set(isCommitted ? ['hanging', 'whole'] : []));
    await sink.commit(1);
    expect(await seen(topic)).toHaveLength(isCommitted ? 22 : 20);
  });

  it('does not wait for transactions of others', async () => {
    const topic = await newTopic(server.brokers);
    const open = async (id: string): Promise<Producer> => {
      const producer = await testProducer(cluster, id);
      producer.write(topic, 0, batchOf(id));
      await producer.flush();
      return producer;
    };
    await open('other');
    const mine = (await open('mine')).transaction!;
    await endOnce(cluster, mine, true);
    expect(await settle(cluster, { ...mine, isCommitted: true }, mine.partitions)).toBe(0);
    expect(await seen(topic)).toEqual([]);
  });
});
