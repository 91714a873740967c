import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { javaProgram, kafkaClassPath, SeededRandom, testKafka } from '@millrace/testing';
import { NO_HEADERS, RecordBatch } from '../protocol/record-batch.ts';
import { committedMessages } from '../test-support/committed-messages.ts';
import { newTopic, testCluster } from '../test-support/test-cluster.ts';
import { testProducer } from '../test-support/test-producer.ts';
import { endOnce, type Producer } from '../transaction/producer.ts';

const READER = fileURLToPath(new URL('../test-support/ReadCommitted.java', import.meta.url));
const PRODUCERS = 4;
const STEPS = 120;

it('finds what the own consumer of Kafka finds, however transactions overlap and end', async () => {
  const { brokers } = await testKafka();
  const topic = await newTopic(brokers);
  const random = new SeededRandom(7);
  const cluster = testCluster(brokers);
  const ids = Array.from({ length: PRODUCERS }, (_, index) => `overlap-${topic}-${index}`);
  const producers = await Promise.all(ids.map((transactionalId) => testProducer(cluster, transactionalId)));
  const end = async (producer: Producer, isCommitted: boolean): Promise<void> => {
    if (producer.open !== undefined) producer.ended(await endOnce(cluster, producer.open, isCommitted));
  };
  for (let step = 0; step < STEPS; step++) {
    const producer = producers[random.integer(0, PRODUCERS - 1)]!;
    if (random.chance(1 / 3)) {
      await end(producer, random.chance(1 / 2));
    } else {
      const batch = new RecordBatch(1_000);
      for (let record = random.integer(0, 2); record >= 0; record--)
        batch.add(step, undefined, Buffer.from(`${step}.${record}`), NO_HEADERS);
      producer.write(topic, 0, batch);
      await producer.flush();
    }
  }
  for (const producer of producers) await end(producer, false);
  await cluster.close();

  const mine = (await committedMessages(brokers, [topic])).map(({ offset, value }) => `${offset} ${value}`);
  const last = mine.at(-1)!.split(' ')[0]!;
  const args = ['-cp', await kafkaClassPath(), READER, brokers, topic, String(Number(last) + 1)];
  const { stdout } = await promisify(execFile)(await javaProgram(), args);
  expect(mine).toEqual(stdout.trim().split('\n'));
  expect(mine.length).toBeGreaterThan(20);
});
