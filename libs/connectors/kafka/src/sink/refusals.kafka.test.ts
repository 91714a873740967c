import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SnapshotEntry } from '@millrace/engine';
import { batchOfRecords, type ChangeBatch, FLAG_KEY_CHANGE, recordOf } from '@millrace/formats';
import { type SharedKafka, testKafka } from '@millrace/testing';
import { RecordedRefusals } from '@millrace/testing/drivers';
import { Kafka, logLevel } from 'kafkajs';
import { COMPRESSIONS } from '../protocol/compression.ts';
import { committedMessages } from '../test-support/committed-messages.ts';
import { startSink as start } from '../test-support/drive.ts';
import { type TestEvent, tableOf, transactionOf } from '../test-support/events.ts';
import { newTopic } from '../test-support/test-cluster.ts';

const ORDERS = tableOf('orders');
const LIMIT = 4_000;
const LARGE = 'y'.repeat(LIMIT + 1_000);
let kafka: SharedKafka;
let jobCount = 0;

beforeAll(async () => {
  kafka = await testKafka();
});

const smallTopic = (): Promise<string> => newTopic(kafka.brokers, 1, { 'max.message.bytes': String(LIMIT) });
const newJob = (): string => `refusals-${process.pid}-${jobCount++}`;

const startSink = (
  stage: Readonly<Record<string, unknown>>,
  options: Partial<Parameters<typeof start>[0]> = {},
): ReturnType<typeof start> =>
  start({ config: { brokers: [kafka.brokers] }, stage: { format: 'json', ...stage }, jobId: newJob(), ...options });

async function rows(topic: string): Promise<string[]> {
  const messages = await committedMessages(kafka.brokers, [topic]);
  return messages.map(({ value }) => {
    const { id, note } = JSON.parse(value!) as { readonly id: number; readonly note: string };
    return `${id} ${note.slice(0, 3)}`;
  });
}

const put = (id: number, note: string): TestEvent => ({ op: 'Create', after: [id, note] });
const short = (aside: readonly string[]): string[] => aside.map((text) => text.slice(0, 'refused 2 yyy'.length).trim());
const HISTORY = (): ChangeBatch[] => [
  transactionOf(ORDERS, 10, [put(1, 'a'), put(2, LARGE), put(3, 'b')]),
  transactionOf(ORDERS, 20, [put(2, 'c'), put(1, 'd')]),
  transactionOf(ORDERS, 30, [put(4, LARGE)]),
];
const WRITTEN = ['1 a', '3 b', '1 d'];
const ASIDE = ['refused 2 yyy', 'parked 2 c', 'refused 4 yyy'];

describe.each(['snapshot', 'continuous'])('with commit: %s, a record that is too large for its topic', (commit) => {
  it('fails the job without a policy', async () => {
    const topic = await smallTopic();
    await using sink = await startSink({ topic, commit });
    await sink.write(...HISTORY());
    await expect(sink.prepare(1)).rejects.toMatchObject({ code: { code: 'kafka.record_too_large' } });
  });

  it('is set aside, and later ones of its key behind it', async () => {
    const topic = await smallTopic();
    const refusals = new RecordedRefusals();
    await using sink = await startSink({ topic, commit }, { refusals });
    await sink.write(...HISTORY());
    await sink.snapshot(1);
    expect(await rows(topic)).toEqual(WRITTEN);
    expect(short(refusals.aside)).toEqual(ASIDE);
    expect(new Set(refusals.reasons)).toEqual(new Set(['kafka.record_too_large']));
  });

  it('is set aside again when it comes again, however much of that a snapshot holds', async () => {
    const topic = await smallTopic();
    const jobId = newJob();
    const first = await startSink({ topic, commit }, { jobId });
    let restored = { snapshotId: 1, entries: await first.snapshot(1) };
    await first.close();
    const crashed = await startSink(
      { topic, commit },
      { jobId, generation: 2, restored, refusals: new RecordedRefusals() },
    );
    await crashed.write(...HISTORY());
    // Without a snapshot that holds it.
    if (commit === 'continuous') while ((await rows(topic)).length < WRITTEN.length);
    await crashed.close();
    // Each gets a batch further, and its snapshot ends in the middle of what comes again.
    const aside: string[] = [];
    for (const [index, batch] of HISTORY().entries()) {
      const refusals = new RecordedRefusals();
      await using sink = await startSink({ topic, commit }, { jobId, generation: 3 + index, restored, refusals });
      await sink.write(batch);
      restored = { snapshotId: 2 + index, entries: await sink.snapshot(2 + index) };
      aside.push(...refusals.aside);
    }
    expect(await rows(topic)).toEqual(commit === 'continuous' ? WRITTEN : ['1 a', '3 b', '2 c', '1 d']);
    // A snapshot is no gate: it does not tell these refusals which keys are parked.
    expect(short(aside)).toEqual(commit === 'continuous' ? ASIDE : ['refused 2 yyy', 'refused 4 yyy']);
  });

  it('goes with the other half of a key change', async () => {
    const topic = await smallTopic();
    const refusals = new (class extends RecordedRefusals {
      override refuse(...[batch, index, reason]: Parameters<RecordedRefusals['refuse']>): readonly number[] {
        return [index - 1, ...super.refuse(batch, index, reason)];
      }
    })();
    await using sink = await startSink({ topic, commit, format: 'debezium-json' }, { refusals });
    const change = transactionOf(ORDERS, 10, [
      { op: 'Delete', before: [1, null] },
      { op: 'Create', after: [2, LARGE] },
      { op: 'Create', after: [3, 'x'] },
    ]);
    const flags = change.flags.map((flag, index) => (index < 2 ? flag | FLAG_KEY_CHANGE : flag));
    const marked: ChangeBatch = { ...change, flags };
    await sink.write(marked);
    await sink.snapshot(1);
    expect((await committedMessages(kafka.brokers, [topic])).map(({ key }) => key)).toEqual(['{"id":3}']);
    expect(refusals.aside).toHaveLength(1);
  });

  it('comes back out of its place, once, with the next snapshot', async () => {
    const topic = await smallTopic();
    await using sink = await startSink({ topic, commit });
    await sink.write(transactionOf(ORDERS, 50, [put(1, 'a')]));
    const letter = transactionOf(ORDERS, 40, [put(2, 'mended')]);
    await sink.write(batchOfRecords([recordOf(letter, 0)], 0));
    await sink.write(transactionOf(ORDERS, 60, [put(3, 'b')]));
    await sink.snapshot(1);
    expect(await rows(topic)).toEqual(['1 a', '2 men', '3 b']);
  });
});

describe('a topic that takes small records', () => {
  it.each(Object.keys(COMPRESSIONS))('gets those that fit when they are packed with %s', async (compression) => {
    const topic = await smallTopic();
    const refusals = new RecordedRefusals();
    await using sink = await startSink({ topic, compression }, { refusals });
    const unpackable = randomBytes(LIMIT).toString('base64');
    const almost = randomBytes(LIMIT)
      .toString('hex')
      .slice(0, LIMIT - 200);
    await sink.write(transactionOf(ORDERS, 10, [put(1, 'a'), put(2, LARGE), put(3, unpackable), put(4, almost)]));
    await sink.snapshot(1);
    const isPacked = compression !== 'none';
    expect((await rows(topic)).map((text) => text[0])).toEqual(isPacked ? ['1', '2', '4'] : ['1', '4']);
    expect(refusals.aside.map((text) => text.split(' ')[1])).toEqual(isPacked ? ['3'] : ['2', '3']);
  });

  it('and takes only smaller ones by now stops the job for a moment, which then knows', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const entries: SnapshotEntry[] = await lowerWhileRunning(topic, jobId);
    const refusals = new RecordedRefusals();
    const restored = { snapshotId: 1, entries };
    await using sink = await startSink({ topic }, { jobId, generation: 2, restored, refusals });
    await sink.write(transactionOf(ORDERS, 20, [put(2, LARGE), put(3, 'b')]));
    await sink.snapshot(2);
    expect(await rows(topic)).toEqual(['1 a', '3 b']);
    expect(short(refusals.aside)).toEqual(['refused 2 yyy']);
  });
});

/** A sink that learns the limit, which is lowered then. */
async function lowerWhileRunning(topic: string, jobId: string): Promise<SnapshotEntry[]> {
  await using sink = await startSink({ topic }, { jobId, refusals: new RecordedRefusals() });
  await sink.write(transactionOf(ORDERS, 10, [put(1, 'a')]));
  const entries = await sink.snapshot(1);
  const admin = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const configEntries = [{ name: 'max.message.bytes', value: String(LIMIT) }];
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] });
  await admin.disconnect();
  await sink.write(transactionOf(ORDERS, 20, [put(2, LARGE), put(3, 'b')]));
  await expect(sink.prepare(2)).rejects.toMatchObject({
    code: { code: 'kafka.topic_limit_lowered', retry: 'later' },
  });
  return entries;
}
