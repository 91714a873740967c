import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { SnapshotEntry } from '@millrace/engine';
import { type MillraceError, systemClock } from '@millrace/kernel';
import { type SharedKafka, testKafka } from '@millrace/testing';
import { NO_HEADERS, RecordBatch } from '../protocol/record-batch.ts';
import { committedMessages } from '../test-support/committed-messages.ts';
import { JOB, startSink } from '../test-support/drive.ts';
import { inserts, loadedRows, tableOf } from '../test-support/events.ts';
import { type Freeze, freezeAt, watchRequests } from '../test-support/frozen-requests.ts';
import { newTopic, testCluster } from '../test-support/test-cluster.ts';
import { testProducer } from '../test-support/test-producer.ts';
import type { Producer } from '../transaction/producer.ts';
import { transactionalId } from '../transaction/transactional-id.ts';

const ORDERS = tableOf('orders');
const SWEEP_MS = 10_000;
let kafka: SharedKafka;
let jobCount = 0;

beforeAll(async () => {
  kafka = await testKafka();
});
afterEach(() => {
  jest.restoreAllMocks();
});

async function newSink(stage: Readonly<Record<string, unknown>> = {}) {
  const topic = await newTopic(kafka.brokers);
  return {
    config: { brokers: [kafka.brokers] },
    stage: { topic, format: 'json', ...stage },
    jobId: `late-${process.pid}-${jobCount++}`,
    topic,
  };
}

async function ids(topic: string, isOpen = false): Promise<number[]> {
  const messages = await committedMessages(kafka.brokers, [topic], isOpen);
  return messages.map(({ value }) => (JSON.parse(value!) as { id: number }).id);
}

const numbers = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, index) => start + index);

async function startAndPrepare(options: Parameters<typeof startSink>[0], batch: ReturnType<typeof inserts>) {
  await using sink = await startSink(options);
  await sink.write(batch);
  await sink.prepare(2);
}

/** A message under a transactional id that the sink does not know of, in an open transaction. */
async function openBeside(id: string, topic: string, row: number): Promise<Producer> {
  const producer = await testProducer(testCluster(kafka.brokers), id);
  write(producer, topic, row);
  await producer.flush();
  return producer;
}

function write(producer: Producer, topic: string, row: number): void {
  const batch = new RecordBatch(1_000);
  batch.add(0, undefined, Buffer.from(JSON.stringify({ id: row })), NO_HEADERS);
  producer.write(topic, 0, batch);
}

describe('an execution of the kafka sink that starts late', () => {
  it.each([
    ['snapshot', 'changes', inserts],
    // Which are prepared in this mode as well; of changes nothing is.
    ['continuous', 'rows of a load', loadedRows],
  ])(
    'with commit: %s and %s, at whatever request it was paused, leaves alone what a newer one has prepared',
    async (commit, _, rows) => {
      const running = new AsyncLocalStorage<Freeze>();
      watchRequests(running, 'before');
      let steps = 0;
      for (let isOver = false; !isOver; steps++) {
        const { topic, ...options } = await newSink({ commit });
        const first = await startSink({ ...options, generation: 1 });
        await first.write(rows(ORDERS, 0, 10));
        const restored = { snapshotId: 1, entries: await first.snapshot(1) };
        await first.close();

        const freeze = freezeAt(steps + 1);
        const starting = running.run(freeze, () =>
          startAndPrepare({ ...options, generation: 2, restored }, rows(ORDERS, 10, 20)).then(
            () => 'prepared',
            (error: MillraceError) => error.code.code,
          ),
        );
        isOver = (await Promise.race([freeze.reached.promise, starting])) === 'prepared';
        await using newer = await startSink({ ...options, generation: 3, restored });
        await newer.write(rows(ORDERS, 10, 20));
        await newer.prepare(2);
        // Its commit record is written; now the older one comes to life.
        freeze.released.resolve();
        const outcome = await starting;
        if (!isOver) expect([steps, outcome]).toEqual([steps, 'kafka.fenced']);
        await newer.commit(2);
        expect([steps, await ids(topic)]).toEqual([steps, numbers(0, 20)]);
      }
      expect(steps).toBeGreaterThan(5);
    },
    120_000,
  );

  it('and was overlooked by the newer one has what it opens aborted', async () => {
    const { topic, ...options } = await newSink();
    let laterMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + laterMs };
    await using sink = await startSink({ ...options, generation: 2, clock });
    const job = { ...JOB, jobId: options.jobId };
    const zombie = await openBeside(transactionalId(job, { writer: 0, turn: 1, generation: 1 }), topic, 1_000);
    await sink.write(inserts(ORDERS, 0, 10));
    await sink.snapshot(1);
    expect(await ids(topic, true)).toEqual([]);
    laterMs = SWEEP_MS;
    await sink.snapshot(2);
    expect(await ids(topic)).toEqual(numbers(0, 10));
    expect(sink.metric('transactionsSwept')).toBe(1);
    write(zombie, topic, 1_001);
    await expect(zombie.flush()).rejects.toMatchObject({ code: { code: 'kafka.fenced' } });
  });
});

describe('a snapshot of the time when all executions had the same transactional ids', () => {
  it.each(['snapshot', 'continuous'])('restores with commit: %s', async (commit) => {
    const { topic, ...options } = await newSink({ commit });
    const job = { ...JOB, jobId: options.jobId };
    const owner = { writer: 0, generation: 0 };
    const prepared = await openBeside(transactionalId(job, { ...owner, turn: 0 }), topic, 0);
    const unprepared = await openBeside(transactionalId(job, { ...owner, turn: 1 }), topic, 1_000);
    const saved = { writer: 0, transaction: prepared.transaction };
    const value = Buffer.from(JSON.stringify(saved));
    const entries: SnapshotEntry[] = [{ partition: -1, key: 'writer-0', value }];
    await using sink = await startSink({ ...options, generation: 5, restored: { snapshotId: 1, entries } });
    expect(await ids(topic)).toEqual([0]);
    await sink.write(inserts(ORDERS, 1, 10));
    await sink.snapshot(2);
    expect(await ids(topic)).toEqual(numbers(0, 10));
    for (const old of [prepared, unprepared]) {
      write(old, topic, 1_001);
      await expect(old.flush()).rejects.toMatchObject({ code: { code: 'kafka.fenced' } });
    }
  });
});
