import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { freePort, KafkaServer } from '@millrace/testing';
import { clusterConfig } from '../config.ts';
import { newProducer } from '../transaction/take-over.ts';
import { clusterOf } from './connect.ts';
import { createTopic } from './create-topic.ts';

const TIMEOUT_MS = 60_000;
const NEW_TOPIC = { partitions: 1, settings: {} };

const clusterAt = (address: string, patienceMs: number) =>
  clusterOf(clusterConfig.parse({ brokers: [address] }), {
    clientId: 'test',
    clock: systemClock,
    signal: new AbortController().signal,
    patienceMs,
  });

describe('while no broker answers', () => {
  it('topics and producers are tried again until one does', async () => {
    await using server = await KafkaServer.start();
    const cluster = clusterAt(server.brokers, 120_000);
    await server.down('SIGKILL');
    const making = createTopic(cluster, 'made', NEW_TOPIC);
    const opening = newProducer(cluster, undefined, TIMEOUT_MS);
    await server.up();
    expect((await making).leaders).toHaveLength(1);
    expect((await opening).epoch).toBe(0);
    await cluster.close();
  });

  it('that ends after a bounded time, with a message that names the address', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const cluster = clusterAt(address, 300);
    const attempts = [() => createTopic(cluster, 'made', NEW_TOPIC), () => newProducer(cluster, undefined, TIMEOUT_MS)];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({
        code: { code: 'kafka.not_available' },
        message: expect.stringContaining(address),
      });
    }
    await cluster.close();
  });
});
