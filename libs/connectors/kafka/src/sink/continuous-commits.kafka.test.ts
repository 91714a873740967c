import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SnapshotEntry } from '@millrace/engine';
import { systemClock } from '@millrace/kernel';
import { type SharedKafka, testKafka } from '@millrace/testing';
import { type DrivenSink, resolvedSink } from '@millrace/testing/drivers';
import { Kafka, logLevel } from 'kafkajs';
import { kafkaSink } from '../connector.ts';
import { committedMessages } from '../test-support/committed-messages.ts';
import { startSink as driveSink, JOB } from '../test-support/drive.ts';
import { inserts, loadedRows, tableOf, transactionOf } from '../test-support/events.ts';
import { newTopic } from '../test-support/test-cluster.ts';
import { progressTopic } from '../transaction/progress-topic.ts';

const ORDERS = tableOf('orders');
const POLL_MS = 5;
let kafka: SharedKafka;
let jobCount = 0;
const newJob = (): string => `cc-${process.pid}-${jobCount++}`;
const numbers = (end: number): number[] => [...Array(end).keys()];

beforeAll(async () => {
  kafka = await testKafka();
});

interface StartOptions extends Partial<Omit<Parameters<typeof driveSink>[0], 'stage'>> {
  readonly topic: string;
  readonly stage?: object;
}

const startSink = ({ topic, stage, ...options }: StartOptions): Promise<DrivenSink> =>
  driveSink({
    config: { brokers: [kafka.brokers] },
    stage: { topic, format: 'json', commit: 'continuous', ...stage },
    jobId: newJob(),
    ...options,
  });

async function seenIds(topic: string): Promise<number[]> {
  const messages = await committedMessages(kafka.brokers, [topic], true);
  return messages.map(({ value }) => (JSON.parse(value!) as { id: number }).id);
}

/** What readers see, as soon as that is this many. */
async function seenWhen(topic: string, count: number): Promise<number[]> {
  for (;;) {
    const ids = await seenIds(topic);
    if (ids.length >= count) return ids;
    await systemClock.sleep(POLL_MS);
  }
}

const restoredFrom = (snapshotId: number, entries: readonly SnapshotEntry[]) => ({
  generation: snapshotId + 1,
  restored: { snapshotId, entries },
});

describe('continuous commits', () => {
  it('show changes without a snapshot, and skip them when they come again', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const sink = await startSink({ topic, jobId });
    const entries = await sink.snapshot(1);
    await sink.write(inserts(ORDERS, 0, 50));
    expect(await seenWhen(topic, 50)).toEqual(numbers(50));
    await sink.write(inserts(ORDERS, 50, 80));
    expect(await seenWhen(topic, 80)).toEqual(numbers(80));
    await sink.close();
    await using next = await startSink({ topic, jobId, ...restoredFrom(1, entries) });
    await next.write(inserts(ORDERS, 0, 50), inserts(ORDERS, 50, 80), inserts(ORDERS, 80, 90));
    await next.snapshot(2);
    expect(await seenIds(topic)).toEqual(numbers(90));
    expect(next.counters.get('skippedEvents')).toBe(80);
  });

  it('show a source transaction as a whole', async () => {
    const topic = await newTopic(kafka.brokers);
    await using sink = await startSink({ topic });
    const part = (from: number, to: number, isLast: boolean) =>
      transactionOf(
        ORDERS,
        1_000,
        Array.from({ length: to - from }, (_, at) => ({ op: 'Create' as const, after: [from + at, 'x'] as const })),
        isLast,
      );
    await sink.write(inserts(ORDERS, 0, 10), part(10, 20, false));
    expect(await seenWhen(topic, 10)).toEqual(numbers(10));
    // Time in which it could be committed.
    await systemClock.sleep(50);
    expect(await seenIds(topic)).toEqual(numbers(10));
    await sink.write(part(20, 30, true));
    expect(await seenWhen(topic, 11)).toEqual(numbers(30));
  });

  it('never cut a batch that had to wait in its middle', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const sink = await startSink({ topic, jobId, stage: { commitInterval: '1ms' } });
    const entries = await sink.snapshot(1);
    await sink.write(inserts(ORDERS, 0, 10));
    await seenWhen(topic, 10);
    const large = inserts(ORDERS, 10, 30, 'y'.repeat(900_000));
    expect(sink.offer(large)).toBe(false);
    await systemClock.sleep(50);
    expect(await seenIds(topic)).toEqual(numbers(10));
    await sink.close();
    await using next = await startSink({ topic, jobId, ...restoredFrom(1, entries) });
    await next.write(inserts(ORDERS, 0, 10), large);
    await next.snapshot(2);
    expect(await seenIds(topic)).toEqual(numbers(30));
  });

  it('leave rows of an initial load, and what follows them, to the snapshot', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const sink = await startSink({ topic, jobId });
    await sink.write(loadedRows(ORDERS, 0, 10), inserts(ORDERS, 10, 20));
    await systemClock.sleep(50);
    expect(await seenIds(topic)).toEqual([]);
    const entries = await sink.prepare(1);
    await sink.write(inserts(ORDERS, 20, 30));
    await systemClock.sleep(50);
    expect(await seenIds(topic)).toEqual([]);
    await sink.commit(1);
    expect(await seenWhen(topic, 30)).toEqual(numbers(30));
    await sink.write(loadedRows(ORDERS, 30, 40), inserts(ORDERS, 40, 50));
    await sink.prepare(2);
    await sink.close();
    // Snapshot 2 was never committed: its load comes again.
    await using next = await startSink({ topic, jobId, ...restoredFrom(1, entries) });
    await next.write(inserts(ORDERS, 20, 30), loadedRows(ORDERS, 30, 40), inserts(ORDERS, 40, 50));
    await next.snapshot(2);
    expect(await seenIds(topic)).toEqual(numbers(50));
  });

  it('take no harm from source transactions without events for them', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const sink = await startSink({ topic, jobId });
    await sink.write(inserts(ORDERS, 0, 10), transactionOf(ORDERS, 1_000, []));
    const entries = await sink.snapshot(1);
    await sink.close();
    await using next = await startSink({ topic, jobId, ...restoredFrom(1, entries) });
    await next.write(inserts(ORDERS, 1_000, 1_010));
    await next.snapshot(2);
    expect(await seenIds(topic)).toHaveLength(20);
  });

  it('are not made when a row of the transaction was refused', async () => {
    const topic = await newTopic(kafka.brokers, 2, { 'max.message.bytes': '4000' });
    await using sink = await startSink({ topic, stage: { batchBytes: '2KiB' } });
    const rows = Array.from({ length: 40 }, (_, id) => ({
      op: 'Create' as const,
      after: [id, id === 30 ? 'y'.repeat(5_000) : 'x'] as const,
    }));
    await sink.write(transactionOf(ORDERS, 100, rows));
    await expect(sink.prepare(1)).rejects.toMatchObject({ code: { code: 'kafka.record_too_large' } });
    await sink.close();
    expect(await seenIds(topic)).toEqual([]);
  });

  it('can be switched off and on', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const sink = await startSink({ topic, jobId, stage: { commit: 'snapshot' } });
    await sink.write(inserts(ORDERS, 0, 10));
    const first = await sink.snapshot(1);
    await sink.close();
    const continuous = await startSink({ topic, jobId, ...restoredFrom(1, first) });
    await continuous.write(inserts(ORDERS, 10, 20));
    await seenWhen(topic, 20);
    await continuous.close();
    // Neither snapshot 1 nor what follows from it knows of the position in the topic.
    const again = await startSink({ topic, jobId, ...restoredFrom(1, first), generation: 3 });
    await again.write(inserts(ORDERS, 10, 20), inserts(ORDERS, 20, 30));
    const second = await again.snapshot(2);
    await again.write(inserts(ORDERS, 30, 40));
    await seenWhen(topic, 40);
    await again.close();
    await using last = await startSink({
      topic,
      jobId,
      stage: { commit: 'snapshot' },
      ...restoredFrom(2, second),
      generation: 4,
    });
    await last.write(inserts(ORDERS, 30, 40), inserts(ORDERS, 40, 50));
    await last.snapshot(3);
    expect(await seenIds(topic)).toEqual(numbers(50));
  });

  it('leave no transaction open under an id that is no longer used', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    await using zombie = await startSink({ topic, jobId });
    const entries = await zombie.snapshot(1);
    for (const end of [10, 20, 30]) {
      await zombie.write(inserts(ORDERS, end - 10, end));
      await seenWhen(topic, end);
    }
    await zombie.write(transactionOf(ORDERS, 40, [{ op: 'Create', after: [30, 'x'] }], false));
    await systemClock.sleep(50);
    await using next = await startSink({ topic, jobId, stage: { commit: 'snapshot' }, ...restoredFrom(1, entries) });
    expect(await committedMessages(kafka.brokers, [topic])).toHaveLength(30);
    expect(next.counters.size).toBe(0);
  });

  it('begin anew when the job does, whatever an earlier start has left', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    for (let start = 1; start <= 2; start++) {
      await using sink = await startSink({ topic, jobId, generation: start });
      await sink.write(inserts(ORDERS, 0, 10));
      expect(await seenWhen(topic, start * 10)).toHaveLength(start * 10);
    }
  });

  it('leave nothing behind when the job is deleted', async () => {
    const topic = await newTopic(kafka.brokers);
    const options = { config: { brokers: [kafka.brokers] }, stage: { topic, commit: 'continuous' }, jobId: newJob() };
    await (await driveSink(options)).close();
    const resolved = resolvedSink(kafkaSink, { ...options, job: { ...JOB, jobId: options.jobId } });
    for (let times = 0; times < 2; times++) await kafkaSink.dispose!(resolved, new AbortController().signal);
    const admin = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    expect(await admin.listTopics()).not.toContain(progressTopic(resolved.job));
    await admin.disconnect();
  });

  it('stop when the topic of the position is gone', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const sink = await startSink({ topic, jobId });
    await sink.write(inserts(ORDERS, 0, 10));
    const entries = await sink.snapshot(1);
    await sink.close();
    const admin = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [progressTopic({ ...JOB, jobId })] });
    await admin.disconnect();
    await expect(startSink({ topic, jobId, ...restoredFrom(1, entries) })).rejects.toMatchObject({
      code: { code: 'kafka.progress_lost' },
    });
  });

  it('refuse an older execution that comes to life, also in the middle of a transaction', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const zombie = await startSink({ topic, jobId });
    const entries = await zombie.snapshot(1);
    await zombie.write(inserts(ORDERS, 0, 10));
    await seenWhen(topic, 10);
    await using next = await startSink({ topic, jobId, ...restoredFrom(1, entries) });
    await zombie.write(inserts(ORDERS, 10, 20));
    await expect(zombie.prepare(2)).rejects.toMatchObject({ code: { code: 'kafka.fenced' } });
    await zombie.close();
    await next.write(inserts(ORDERS, 0, 10), inserts(ORDERS, 10, 20));
    await next.snapshot(2);
    expect(await seenIds(topic)).toEqual(numbers(20));
  });

  it('are refused to several writers, and to changes of several sources', async () => {
    const topic = await newTopic(kafka.brokers);
    await expect(startSink({ topic, parallelism: 2 })).rejects.toMatchObject({ code: { code: 'kafka.not_linear' } });
    await using sink = await startSink({ topic });
    await sink.write(inserts(ORDERS, 0, 100));
    await expect(sink.write(inserts(ORDERS, 0, 50))).rejects.toMatchObject({ code: { code: 'kafka.not_linear' } });
  });
});
