import { describe, expect, it } from '@jest/globals';
import { KafkaServer } from '@millrace/testing';
import { createAPI, Writer } from '@platformatic/kafka';
import type { Cluster } from '../cluster/cluster.ts';
import { COMPRESSIONS } from '../protocol/compression.ts';
import { NO_HEADERS, RecordBatch } from '../protocol/record-batch.ts';
import { committedMessages } from '../test-support/committed-messages.ts';
import { newTopic, testCluster } from '../test-support/test-cluster.ts';
import { testProducer } from '../test-support/test-producer.ts';
import { endOnce, type Producer, type TransactionHandle, type TransactionName } from './producer.ts';
import { settle } from './settle.ts';

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

/** A committed transaction whose marker is missing in partition 1, as a broker that was killed leaves it. */
async function hangingTransaction(cluster: Cluster, topic: string): Promise<TransactionHandle> {
  const transactionalId = `hangs-${topic}`;
  const producer = await testProducer(cluster, transactionalId);
  producer.write(topic, 0, batchOf('whole'));
  await producer.flush();
  const handle = producer.transaction!;
  const state = { producerId: BigInt(handle.producerId), epoch: handle.epoch, sequence: 0, isTransactional: true };
  const records = await batchOf('hanging').encode(state, COMPRESSIONS.none);
  const leader = await cluster.leaderOf(topic, 1);
  await cluster.request(leader, (connection) => produceBesideTransaction.async(connection, handle, topic, 1, records));
  await endOnce(cluster, handle, true);
  return { ...handle, partitions: [...handle.partitions, { topic, partition: 1, offset: '0' }] };
}

describe('a transaction that was committed', () => {
  it('has the marker written that its broker has forgotten', async () => {
    await using server = await KafkaServer.start({
      settings: { 'transaction.partition.verification.enable': 'false' },
    });
    const topic = await newTopic(server.brokers, 2);
    const cluster = testCluster(server.brokers);
    const handle = await hangingTransaction(cluster, topic);
    const seen = async () => (await committedMessages(server.brokers, [topic], true)).map(({ value }) => value);
    expect(await settle(cluster, { ...handle, partitions: handle.partitions.slice(0, 1) })).toBe(0);
    expect(await seen()).toEqual(['whole']);
    expect(await settle(cluster, handle)).toBe(1);
    expect(await seen()).toEqual(['whole', 'hanging']);
    expect(await settle(cluster, handle)).toBe(0);
    await cluster.close();
  });

  it('does not wait for transactions of others', async () => {
    await using server = await KafkaServer.start();
    const topic = await newTopic(server.brokers);
    const cluster = testCluster(server.brokers);
    const open = async (transactionalId: string): Promise<Producer> => {
      const producer = await testProducer(cluster, transactionalId);
      producer.write(topic, 0, batchOf(transactionalId));
      await producer.flush();
      return producer;
    };
    await open('other');
    const mine = (await open('mine')).transaction!;
    await endOnce(cluster, mine, true);
    expect(await settle(cluster, mine)).toBe(0);
    expect(await committedMessages(server.brokers, [topic], true)).toEqual([]);
    await cluster.close();
  });
});
