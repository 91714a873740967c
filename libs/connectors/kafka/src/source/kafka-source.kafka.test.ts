import { beforeAll, describe, expect, it } from '@jest/globals';
import { type SharedKafka, testKafka } from '@millrace/testing';
import type { SavedSnapshot } from '@millrace/testing/drivers';
import { deleteRecordsV2, offsetFetchV9 } from '@platformatic/kafka';
import { Kafka, logLevel } from 'kafkajs';
import { refusal } from '../cluster/cluster.ts';
import { Transient } from '../cluster/retry.ts';
import { NO_HEADERS, RecordBatch } from '../protocol/record-batch.ts';
import { startSource } from '../test-support/drive.ts';
import { newTopic, testCluster } from '../test-support/test-cluster.ts';
import { testProducer } from '../test-support/test-producer.ts';
import { endOnce } from '../transaction/producer.ts';
import { settle } from '../transaction/settle.ts';

const SHAPE = { table: 'public.notes', columns: { id: 'integer', note: 'text' }, key: ['id'] };
let kafka: SharedKafka;

beforeAll(async () => {
  kafka = await testKafka();
});

type Message = readonly [id: number, note: string | null];

const encoded = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Writes messages in one transaction of their own, until they can be read, each to the partition of its id. */
async function write(topic: string, messages: readonly Message[], partitions = 1, isCommitted = true): Promise<void> {
  const cluster = testCluster(kafka.brokers);
  const transactionalId = `write-${topic}-${performance.now()}`;
  const producer = await testProducer(cluster, transactionalId);
  for (let partition = 0; partition < partitions; partition++) {
    const batch = new RecordBatch(10_000_000);
    for (const [id, note] of messages) {
      if (id % partitions !== partition) continue;
      batch.add(0, encoded({ id }), note === null ? undefined : encoded({ id, note, other: true }), NO_HEADERS);
    }
    if (batch.count > 0) producer.write(topic, partition, batch);
  }
  await producer.flush();
  const handle = producer.transaction!;
  await endOnce(cluster, handle, isCommitted);
  await settle(cluster, { ...handle, isCommitted: true }, handle.partitions);
  await cluster.close();
}

/** What a group has committed in a topic of two partitions, as soon as it has. */
async function groupOffsets(groupId: string, name: string): Promise<readonly bigint[]> {
  const cluster = testCluster(kafka.brokers);
  const wanted = { groupId, memberEpoch: -1, topics: [{ name, partitionIndexes: [0, 1] }] };
  const offsets = await cluster.persist('read the offsets of a group', async () => {
    try {
      const answer = await cluster.request(await cluster.groupCoordinatorOf(groupId), (connection) =>
        offsetFetchV9.api.async(connection, [wanted], true),
      );
      const found = answer.groups[0]!.topics[0]!.partitions.map(({ committedOffset }) => committedOffset);
      if (found.includes(-1n)) throw new Transient('not committed yet');
      return found;
    } catch (error) {
      throw refusal(error, 'read them');
    }
  });
  await cluster.close();
  return offsets;
}

const range = (start: number, end: number, note = 'x'): Message[] =>
  Array.from({ length: end - start }, (_, at) => [start + at, note] as const);
const creates = (start: number, end: number): string[] => range(start, end).map(([id, note]) => `c ${id} ${note}`);

describe('the kafka source', () => {
  it('says which partition rows are of, and names all of them before any row', async () => {
    const topic = await newTopic(kafka.brokers, 3);
    await write(topic, range(0, 30), 3);
    await using source = await startSource({
      brokers: kafka.brokers,
      stage: { ...SHAPE, topics: [topic], follow: false },
    });
    await source.untilEvents(30);
    const names = source.batches.map(({ stream }) => stream);
    const first = source.batches.findIndex(({ length }) => length > 0);
    expect(new Set(names.slice(0, first)).size).toBe(3);
    for (const { stream, length } of source.batches.slice(first)) {
      expect([names.slice(0, first).includes(stream), length > 0]).toEqual([true, true]);
    }
  });

  it('reads what is committed, rows and deletes, and ends when told to', async () => {
    const topic = await newTopic(kafka.brokers);
    await write(topic, [
      [1, 'a'],
      [2, 'b'],
    ]);
    await write(topic, range(500, 520), 1, false);
    await write(topic, [
      [1, null],
      [3, 'c'],
    ]);
    await using source = await startSource({
      brokers: kafka.brokers,
      stage: { ...SHAPE, topics: [topic], follow: false },
    });
    expect((await source.run()).events).toEqual(['c 1 a', 'c 2 b', 'd 1', 'c 3 c']);
  });

  it('goes on behind what a snapshot holds, in the middle of a fetch, also with other instances', async () => {
    const topic = await newTopic(kafka.brokers, 3);
    await write(topic, range(0, 6_000), 3);
    const stage = { ...SHAPE, topics: [topic] };
    const seen: string[] = [];
    let restored: SavedSnapshot | undefined;
    {
      await using first = await startSource({ brokers: kafka.brokers, stage });
      seen.push(...(await first.untilEvents(2_500)));
      restored = await first.save();
    }
    expect(seen.length).toBeLessThan(6_000);
    await write(topic, range(6_000, 7_000), 3);
    const rest = 7_000 - seen.length;
    const instances = await Promise.all(
      [0, 1].map((index) => startSource({ brokers: kafka.brokers, stage, instance: index, parallelism: 2, restored })),
    );
    // Partitions 0 and 2 are the first one's.
    const left = (partitions: readonly number[]): number =>
      7_000 -
      [0, 1, 2]
        .filter((each) => !partitions.includes(each))
        .reduce((sum, each) => sum + Math.ceil((7_000 - each) / 3), 0) -
      seen.filter((text) => partitions.includes(Number(text.split(' ')[1]) % 3)).length;
    await Promise.all([instances[0]!.untilEvents(left([0, 2])), instances[1]!.untilEvents(left([1]))]);
    const later = instances.flatMap((each) => each.events);
    expect(later).toHaveLength(rest);
    expect([...seen, ...later].toSorted()).toEqual(creates(0, 7_000).toSorted());
    for (const each of instances) await each[Symbol.asyncDispose]();
  });

  it('finds partitions that are added, and reads them from their beginning', async () => {
    const topic = await newTopic(kafka.brokers);
    const stage = { ...SHAPE, topics: [topic], from: 'latest', discover: '1s' };
    await write(topic, range(0, 10));
    await using source = await startSource({ brokers: kafka.brokers, stage });
    await write(topic, range(10, 11));
    expect(await source.untilEvents(1)).toEqual(creates(10, 11));
    const admin = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] });
    await admin.disconnect();
    await write(topic, range(100, 104), 2);
    expect((await source.untilEvents(5)).toSorted()).toEqual([...creates(10, 11), ...creates(100, 104)].toSorted());
  });

  it('tells a consumer group what committed snapshots hold, and how far behind each partition is', async () => {
    const topic = await newTopic(kafka.brokers, 2);
    await write(topic, range(0, 10), 2);
    const group = `seen-${topic}`;
    const stage = { ...SHAPE, topics: [topic], group };
    await using source = await startSource({ brokers: kafka.brokers, stage });
    await source.untilEvents(10);
    await source.snapshot();
    const offsets = await groupOffsets(group, topic);
    // Five messages each; whether the marker behind them was passed already is a matter of time.
    expect(offsets).toHaveLength(2);
    for (const offset of offsets) expect([5n, 6n]).toContain(offset);
    expect([source.metric(`messagesBehind ${topic}/0`), source.metric('messagesBehind')]).toEqual([0, 0]);
    expect(source.metric('groupCommitsFailed')).toBe(0);
  });

  it('says which messages are gone', async () => {
    const topic = await newTopic(kafka.brokers);
    await write(topic, range(0, 10));
    const stage = { ...SHAPE, topics: [topic] };
    await using source = await startSource({ brokers: kafka.brokers, stage });
    const restored = await source.save();
    const cluster = testCluster(kafka.brokers);
    await cluster.request(await cluster.leaderOf(topic, 0), (connection) =>
      deleteRecordsV2.api.async(connection, [{ name: topic, partitions: [{ partitionIndex: 0, offset: 5n }] }], 5_000),
    );
    await cluster.close();
    await using late = await startSource({ brokers: kafka.brokers, stage, restored });
    await expect(late.untilEvents(1)).rejects.toMatchObject({
      code: { code: 'kafka.position_lost' },
      details: { partitions: [{ topic, partition: 0, offset: '0' }] },
    });
  });

  it.each([
    [[1, '{"id":"one"}'] as const, 'its "id" is not an integer'],
    [[1, 'nonsense'] as const, 'it is not JSON'],
    [[1, '{"note":"x"}'] as const, 'its "id" is missing, but part of the key'],
  ])('names a message that is no row: %j', async ([, value], reason) => {
    const topic = await newTopic(kafka.brokers);
    const producer = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ value: '{"id":0}' }, { value }] });
    await producer.disconnect();
    await using source = await startSource({ brokers: kafka.brokers, stage: { ...SHAPE, topics: [topic] } });
    await expect(source.untilEvents(2)).rejects.toMatchObject({
      code: { code: 'kafka.row_refused' },
      message: `message 1 of partition 0 of ${topic}: ${reason}`,
    });
  });
});
