import { systemClock } from '@millrace/kernel';
import { Kafka, logLevel } from 'kafkajs';
import type { Cluster } from '../cluster/cluster.ts';
import { clusterOf } from '../cluster/connect.ts';
import { createTopic } from '../cluster/create-topic.ts';
import { clusterConfig } from '../config.ts';

const PATIENCE_MS = 150_000;

/** A connection to the test brokers, without a login. */
export const testCluster = (brokers: string): Cluster =>
  clusterOf(clusterConfig.parse({ brokers: [brokers] }), {
    clientId: 'test',
    clock: systemClock,
    signal: new AbortController().signal,
    patienceMs: PATIENCE_MS,
  });

let topicCount = 0;

/** A topic of its own. */
export async function newTopic(
  brokers: string,
  partitions = 1,
  settings: Record<string, string> = {},
): Promise<string> {
  const name = `t-${process.pid}-${Date.now()}-${topicCount++}`;
  const cluster = testCluster(brokers);
  try {
    // Test events are of 1970: retention, every five minutes, would remove them.
    await createTopic(cluster, name, { partitions, settings: { 'retention.ms': '-1', ...settings } });
    // Until its leaders are known, or the first write to it would wait for them.
    await cluster.persist('find the leaders', async () => {
      for (let partition = 0; partition < partitions; partition++) await cluster.leaderOf(name, partition);
    });
    return name;
  } finally {
    await cluster.close();
  }
}

/** The broker of the tests has little memory: a suite of many topics takes them away again. */
export async function removeTopic(brokers: string, topic: string): Promise<void> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics: [topic] });
  } finally {
    await admin.disconnect();
  }
}
