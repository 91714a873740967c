import { describe } from '@jest/globals';
import { freePort, KafkaServer, testKafka } from '@millrace/testing';
import {
  describeSinkAtLeastOnce,
  describeSinkConnector,
  describeSourceConnector,
  type SinkDriver,
  type SinkTarget,
} from '@millrace/testing/acceptance';
import { deleteRecordsV2 } from '@platformatic/kafka';
import { kafkaSink } from './connector.ts';
import { NO_HEADERS, RecordBatch } from './protocol/record-batch.ts';
import { kafkaSource } from './source/kafka-source.ts';
import { committedMessages } from './test-support/committed-messages.ts';
import { newTopic, removeTopic, testCluster } from './test-support/test-cluster.ts';
import { testProducer } from './test-support/test-producer.ts';
import { openTransactions } from './transaction/known-ids.ts';
import { endOnce } from './transaction/producer.ts';
import { settle } from './transaction/settle.ts';

/** A topic of its own. */
async function targetAt(brokers: string, commit: string): Promise<SinkTarget> {
  const topic = await newTopic(brokers, 2);
  return {
    config: { brokers: [brokers] },
    stage: { topic, format: 'json', commit },
    read: async (isOpen) =>
      (await committedMessages(brokers, [topic], isOpen)).map(({ value }) => (JSON.parse(value!) as { id: number }).id),
    async leftovers(jobId) {
      const cluster = testCluster(brokers);
      try {
        return await openTransactions(cluster, `millrace.${jobId}.`);
      } finally {
        await cluster.close();
      }
    },
    [Symbol.asyncDispose]: () => removeTopic(brokers, topic),
  };
}

const driverOf = (commit: string): SinkDriver => ({
  connector: kafkaSink,
  // What it had prepared and nobody recorded is rolled back when the next one starts.
  fenced: /^kafka\.(fenced|transaction_lost)$/,
  metrics: ['transactionsCommitted'],
  oneInstance: commit === 'continuous',
  module: { url: new URL('./connector.ts', import.meta.url).href, name: 'kafkaSink' },
  unreachable: async () => ({ brokers: [`127.0.0.1:${await freePort()}`] }),
  open: async () => targetAt((await testKafka()).brokers, commit),
  async startServer() {
    const server = await KafkaServer.start();
    return {
      target: await targetAt(server.brokers, commit),
      restart: () => server.restart('SIGKILL'),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
});

describe.each(['snapshot', 'continuous'])('with commit: %s', (commit) => {
  describeSinkConnector('kafka', driverOf(commit));
});
describeSinkAtLeastOnce('kafka', driverOf('snapshot'));

const PARTITIONS = 3;
const TIMEOUT_MS = 5_000;

describeSourceConnector('kafka', {
  connector: kafkaSource,
  metrics: ['rowsRead'],
  rowCounter: 'rowsRead',
  losesHistory: /^kafka\.position_lost$/,
  unreachable: async () => ({ brokers: [`127.0.0.1:${await freePort()}`] }),
  async open() {
    const { brokers } = await testKafka();
    const topic = await newTopic(brokers, PARTITIONS);
    const cluster = testCluster(brokers);
    let count = 0;
    return {
      config: { brokers: [brokers] },
      stage: { topics: [topic], table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] },
      // All of a call in one partition: only there is an order.
      async insert(ids) {
        const producer = await testProducer(cluster, `${topic}-${count}`);
        const batch = new RecordBatch(ids.length * 100 + 1_000);
        const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
        for (const id of ids) batch.add(0, text({ id }), text({ id, note: 'x' }), NO_HEADERS);
        producer.write(topic, count++ % PARTITIONS, batch);
        await producer.flush();
        const handle = producer.transaction!;
        await endOnce(cluster, handle, true);
        await settle(cluster, { ...handle, isCommitted: true }, handle.partitions);
      },
      async lose() {
        for (let partitionIndex = 0; partitionIndex < PARTITIONS; partitionIndex++) {
          const partitions = [{ partitionIndex, offset: -1n }];
          await cluster.request(await cluster.leaderOf(topic, partitionIndex), (connection) =>
            deleteRecordsV2.api.async(connection, [{ name: topic, partitions }], TIMEOUT_MS),
          );
        }
      },
      async [Symbol.asyncDispose]() {
        await cluster.close();
        await removeTopic(brokers, topic);
      },
    };
  },
});
