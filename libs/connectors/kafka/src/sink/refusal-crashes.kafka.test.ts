import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Refusals } from '@millrace/connector-contract';
import type { SnapshotEntry } from '@millrace/engine';
import { type ChangeBatch, recordOf } from '@millrace/formats';
import { type MillraceError, systemClock } from '@millrace/kernel';
import { type SharedKafka, testKafka } from '@millrace/testing';
import { Fenced } from '../errors.ts';
import { committedMessages } from '../test-support/committed-messages.ts';
import { startSink } from '../test-support/drive.ts';
import { tableOf, transactionOf } from '../test-support/events.ts';
import { type Freeze, freezeAt, watchRequests } from '../test-support/frozen-requests.ts';
import { newTopic } from '../test-support/test-cluster.ts';

const ORDERS = tableOf('orders');
const LARGE = 'y'.repeat(5_000);
const KEYS = 10;
const EVENT_COUNT = 30;
const EVENTS_PER_BATCH = 5;
const EVENTS_PER_SNAPSHOT = 15;
const PAUSE_MS = 6;
const TRIES_MAX = 5;
const STEPS_MAX = 120;
const isLarge = (event: number): boolean => event % 7 === 3;
let kafka: SharedKafka;
let jobCount = 0;

beforeAll(async () => {
  kafka = await testKafka();
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** As the gate of a stage: letters and parked keys are part of the snapshot. */
class Letters implements Refusals {
  readonly retries = 0;
  readonly backoffMs = 0;
  readonly all: string[];

  constructor(saved: readonly string[]) {
    this.all = [...saved];
  }

  get holdsAny(): boolean {
    return this.all.length > 0;
  }

  holds(batch: ChangeBatch, index: number): boolean {
    return this.all.some((text) => text.split(' ')[1] === idOf(batch, index));
  }

  refuse(batch: ChangeBatch, index: number, reason: MillraceError): readonly number[] {
    return this.#add(batch, index, reason.code.code);
  }

  park(batch: ChangeBatch, index: number): readonly number[] {
    return this.#add(batch, index, 'parked');
  }

  // This sink finds out while it has the batch.
  note(): never {
    throw new Error('the Kafka sink keeps no notes');
  }

  recall(): never {
    throw new Error('the Kafka sink keeps no notes');
  }

  #add(batch: ChangeBatch, index: number, why: string): readonly number[] {
    this.all.push(`${noteOf(batch, index)} ${idOf(batch, index)} ${why}`);
    return [index];
  }
}

const idOf = (batch: ChangeBatch, index: number): string => recordOf(batch, index).after!['id']!;
const noteOf = (batch: ChangeBatch, index: number): string => recordOf(batch, index).after!['note']!.split(' ')[0]!;

/** Events from `start`; those of a batch are a transaction of the source. */
const events = (start: number): ChangeBatch =>
  transactionOf(
    ORDERS,
    start + EVENTS_PER_BATCH,
    Array.from({ length: EVENTS_PER_BATCH }, (_, at) => ({
      op: 'Create' as const,
      after: [(start + at) % KEYS, `${start + at}${isLarge(start + at) ? ` ${LARGE}` : ''}`] as const,
    })),
  );

interface Job {
  readonly topic: string;
  readonly jobId: string;
  generation: number;
  record: {
    readonly snapshotId: number;
    readonly position: number;
    readonly entries: readonly SnapshotEntry[];
    readonly letters: readonly string[];
  };
}

const newJob = async (): Promise<Job> => ({
  topic: await newTopic(kafka.brokers, 1, { 'max.message.bytes': '4000' }),
  jobId: `letters-${process.pid}-${jobCount++}`,
  generation: 0,
  record: { snapshotId: 0, position: 0, entries: [], letters: [] },
});

async function run(job: Job): Promise<void> {
  job.generation += 1;
  const { generation, record, topic, jobId } = job;
  const refusals = new Letters(record.letters);
  const stage = { topic, format: 'json', commit: 'continuous', commitInterval: '1ms' };
  const restored = record.snapshotId === 0 ? undefined : record;
  const config = { brokers: [kafka.brokers] };
  const sink = await startSink({ config, stage, jobId, generation, restored, refusals });
  try {
    let { snapshotId, position } = record;
    // The first snapshot is of nothing: what is committed before there is one is not known again.
    for (let end = position; position < EVENT_COUNT || snapshotId === 0; end = position + EVENTS_PER_SNAPSHOT) {
      for (; position < end; position += EVENTS_PER_BATCH) {
        await sink.write(events(position));
        await systemClock.sleep(PAUSE_MS);
      }
      snapshotId += 1;
      const entries = await sink.prepare(snapshotId);
      if (job.generation !== generation) throw new Error('fenced by the store');
      job.record = { snapshotId, position, entries, letters: [...refusals.all] };
      await sink.commit(snapshotId);
    }
  } finally {
    await sink.close();
  }
}

async function runToTheEnd(job: Job): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await run(job);
    } catch (error) {
      if ((error as MillraceError).code !== Fenced || tries === TRIES_MAX) throw error;
    }
  }
}

async function seen({ topic, record }: Job): Promise<{ readonly written: number[]; readonly letters: string[] }> {
  const messages = await committedMessages(kafka.brokers, [topic]);
  const written = messages.map(({ value }) => Number((JSON.parse(value!) as { note: string }).note));
  return { written, letters: [...record.letters] };
}

function expected(): { readonly written: number[]; readonly letters: string[] } {
  const parked = new Set<number>();
  const written: number[] = [];
  const letters: string[] = [];
  for (let event = 0; event < EVENT_COUNT; event++) {
    const id = event % KEYS;
    if (parked.has(id)) letters.push(`${event} ${id} parked`);
    else if (isLarge(event)) letters.push(`${event} ${id} kafka.record_too_large`);
    else written.push(event);
    if (isLarge(event)) parked.add(id);
  }
  return { written, letters };
}

describe('the kafka sink with continuous commits, when an execution that sets records aside', () => {
  it('is paused before any of its requests and wakes up later, has each event written or set aside, once', async () => {
    const running = new AsyncLocalStorage<Freeze>();
    watchRequests(running, 'alone');
    let steps = 0;
    for (let isOver = false; !isOver && steps < STEPS_MAX; steps++) {
      const job = await newJob();
      const freeze = freezeAt(steps + 1);
      const stopped = running.run(freeze, () => run(job).then(() => 'finished', String));
      isOver = (await Promise.race([freeze.reached.promise, stopped])) === 'finished';
      if (!isOver) {
        // As far as it goes without that request.
        await systemClock.sleep(PAUSE_MS * 4);
        await runToTheEnd(job);
        expect([steps, await seen(job)]).toEqual([steps, expected()]);
        freeze.released.resolve();
        await stopped;
      }
      expect([steps, await seen(job)]).toEqual([steps, expected()]);
    }
    expect(steps).toBeGreaterThan(30);
  }, 240_000);
});
