import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { SnapshotEntry } from '@millrace/engine';
import { type MillraceError, systemClock } from '@millrace/kernel';
import { KafkaServer, type SharedKafka, testKafka } from '@millrace/testing';
import { committedMessages } from '../test-support/committed-messages.ts';
import { startSink } from '../test-support/drive.ts';
import { inserts, tableOf } from '../test-support/events.ts';
import { type Freeze, freezeAt, watchRequests } from '../test-support/frozen-requests.ts';
import { EVENT_COUNT, newCoordination, runScenario } from '../test-support/scenario.ts';
import { newTopic } from '../test-support/test-cluster.ts';

const CHILD = fileURLToPath(new URL('../test-support/prepare-child.ts', import.meta.url));
const ORDERS = tableOf('orders');
let kafka: SharedKafka;
let jobCount = 0;
const newJob = (): string => `crash-${process.pid}-${jobCount++}`;

beforeAll(async () => {
  kafka = await testKafka();
});
afterEach(() => {
  jest.restoreAllMocks();
});

async function sortedIds(topic: string, brokers = kafka.brokers): Promise<number[]> {
  const messages = await committedMessages(brokers, [topic]);
  return messages.map(({ value }) => (JSON.parse(value!) as { id: number }).id).sort((a, b) => a - b);
}

const numbers = (end: number): number[] => [...Array(end).keys()];

describe('the kafka sink, when an execution', () => {
  // Stopping before a request and being killed there leave the same behind; going on later is the harder half.
  it.each(['before', 'after'] as const)(
    'is paused %s any of its requests and wakes up later, shows every event once',
    async (when) => {
      const running = new AsyncLocalStorage<Freeze>();
      watchRequests(running, when);
      const outcomes = new Set<string>();
      let steps = 0;
      for (let isOver = false; !isOver; steps++) {
        const options = {
          brokers: kafka.brokers,
          topic: await newTopic(kafka.brokers),
          jobId: newJob(),
          coordination: newCoordination(),
        };
        const freeze = freezeAt(steps + 1);
        const stopped = running.run(freeze, () =>
          runScenario(options).then(
            () => 'finished',
            (error: MillraceError) => error.code?.code ?? error.message,
          ),
        );
        isOver = (await Promise.race([freeze.reached.promise, stopped])) === 'finished';
        if (!isOver) {
          const beforeIt = options.coordination.record.snapshotId;
          await runScenario(options);
          expect([steps, beforeIt, await sortedIds(options.topic)]).toEqual([steps, beforeIt, numbers(EVENT_COUNT)]);
          freeze.released.resolve();
          outcomes.add(await stopped);
          // It may have taken the transactional ids over just now; whoever comes next takes them back.
          await runScenario(options);
        }
        expect([steps, await sortedIds(options.topic)]).toEqual([steps, numbers(EVENT_COUNT)]);
      }
      expect(steps).toBeGreaterThan(15);
      expect(outcomes).toContain('kafka.fenced');
      expect(['fenced by the store', 'kafka.fenced', 'finished']).toEqual(expect.arrayContaining([...outcomes]));
    },
    180_000,
  );

  it('is killed with -9 after it has prepared, has that committed by another process, and the rest rolled back', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const entries = await killedAfterPreparing(topic, jobId, '15m');
    expect(await committedMessages(kafka.brokers, [topic], true)).toEqual([]);
    const restored = { snapshotId: 1, entries };
    const options = { config: { brokers: [kafka.brokers] }, stage: { topic, format: 'json' }, jobId, restored };
    for (const generation of [2, 3]) {
      await using sink = await startSink({ ...options, generation });
      expect(await sortedIds(topic)).toEqual(numbers(100));
      expect(sink.counters.size).toBe(0);
    }
    await using last = await startSink({ ...options, generation: 4 });
    await last.write(inserts(ORDERS, 100, 200));
    await last.snapshot(2);
    expect(await sortedIds(topic)).toEqual(numbers(200));
  });

  it('is down for longer than its prepared transaction lasts, says so, and goes on only when told to', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const entries = await killedAfterPreparing(topic, jobId, '1s');
    // The brokers abort it: then nothing of the topic is open.
    expect(await committedMessages(kafka.brokers, [topic])).toEqual([]);
    const options = { config: { brokers: [kafka.brokers] }, jobId, restored: { snapshotId: 1, entries } };
    for (const generation of [2, 3]) {
      await expect(startSink({ ...options, generation, stage: { topic, format: 'json' } })).rejects.toMatchObject({
        code: { code: 'kafka.transaction_lost' },
        details: { outcome: 'aborted', topic, partition: 0, offset: '99' },
      });
    }
    const stage = { topic, format: 'json', lostTransaction: 'accept' };
    await using sink = await startSink({ ...options, generation: 4, stage });
    expect(sink.metric('transactionsLost')).toBe(1);
    await sink.write(inserts(ORDERS, 100, 110));
    await sink.snapshot(2);
    expect(await sortedIds(topic)).toEqual(numbers(110).slice(100));
  });

  it('had more writers, has what each of them left committed or rolled back', async () => {
    const topic = await newTopic(kafka.brokers, 2);
    const jobId = newJob();
    const options = { config: { brokers: [kafka.brokers] }, stage: { topic, format: 'json' }, jobId };
    const old = await Promise.all(
      [0, 1, 2].map((writer) => startSink({ ...options, instance: writer, parallelism: 3 })),
    );
    const entries: SnapshotEntry[] = [];
    for (const [writer, sink] of old.entries()) {
      await sink.write(inserts(ORDERS, writer * 10, writer * 10 + 10));
      entries.push(...(await sink.prepare(1)));
      await sink.write(inserts(ORDERS, 1_000 + writer, 1_001 + writer));
      await sink.prepare(2);
    }
    const restored = { snapshotId: 1, entries };
    await using one = await startSink({ ...options, generation: 2, restored });
    // Also of the writers that are no more nothing is open: the read ends.
    expect(await sortedIds(topic)).toEqual(numbers(30));
    for (const sink of old) {
      await expect(sink.snapshot(3)).rejects.toMatchObject({ code: { code: 'kafka.fenced' } });
      await sink.close();
    }
    expect(one.counters.size).toBe(0);
  });

  it('loses its broker to kill -9 in the middle, goes on when that is back', async () => {
    await using server = await KafkaServer.start();
    const topic = await newTopic(server.brokers, 2);
    const config = { brokers: [server.brokers] };
    await using sink = await startSink({ config, stage: { topic, format: 'json' }, jobId: newJob() });
    await sink.write(inserts(ORDERS, 0, 100));
    await sink.snapshot(1);
    await sink.write(inserts(ORDERS, 100, 200));
    await server.down('SIGKILL');
    const preparing = sink.prepare(2);
    await server.up();
    await preparing;
    await server.down('SIGKILL');
    const committing = sink.commit(2);
    await server.up();
    await committing;
    expect(await sortedIds(topic, server.brokers)).toEqual(numbers(200));
  });
});

/** A process that wrote 100 rows and prepared them, wrote 100 more, and was killed: the state it had saved. */
async function killedAfterPreparing(topic: string, jobId: string, timeout: string): Promise<SnapshotEntry[]> {
  const args = ['--conditions=source', CHILD, kafka.brokers, topic, jobId, timeout];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  // What it writes after that is on its way.
  await systemClock.sleep(100);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const saved = JSON.parse(line) as readonly { partition: number; key: string; value: string }[];
  return saved.map((entry) => ({ ...entry, value: Buffer.from(entry.value, 'base64') }));
}
