import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@millrace/kernel';
import { KafkaServer, SeededRandom } from '@millrace/testing';
import { Kafka, logLevel } from 'kafkajs';
import { committedMessages } from '../../libs/connectors/kafka/src/test-support/committed-messages.ts';
import { startSink } from '../../libs/connectors/kafka/src/test-support/drive.ts';
import { tableOf, transactionOf } from '../../libs/connectors/kafka/src/test-support/events.ts';
import { newTopic } from '../../libs/connectors/kafka/src/test-support/test-cluster.ts';
import type { BenchOptions } from '../harness/options.ts';
import { alternate, printResult } from '../harness/result.ts';
import { javaProducer } from './java-producer.ts';

const ROWS = 1_000_000;
const ROWS_PER_BATCH = 1_000;
const BATCHES = 50;
const NOTE_BYTES = 990;
const PARTITIONS = 4;
const SNAPSHOT_EVERY_MS = 500;
/** Until the broker has removed a topic's files. */
const DELETED_MS = 1_000;
const TABLE = tableOf('bench');
/** Half random, half words: packs about as change events do. */
const WORDS = ['order', 'customer', 'shipped', 'pending', 'street', 'comment', 'total', 'invoice'];

function note(random: SeededRandom): string {
  let text = '';
  while (text.length < NOTE_BYTES) text += `${random.pick(WORDS)} ${random.integer(0, 2 ** 31).toString(36)} `;
  return text.slice(0, NOTE_BYTES);
}

/** The Kafka sink alone, rows of 1 KiB in transactions, against Kafka's ProducerPerformance with the same values. */
export async function run({ scale, rounds }: BenchOptions): Promise<void> {
  const rows = Math.round((ROWS * scale) / ROWS_PER_BATCH) * ROWS_PER_BATCH;
  const random = new SeededRandom(1);
  const values = Array.from({ length: BATCHES * ROWS_PER_BATCH }, (_, id) => [id, note(random)] as const);
  const batches = Array.from({ length: BATCHES }, (_, at) =>
    transactionOf(
      TABLE,
      at + 1,
      values.slice(at * ROWS_PER_BATCH, (at + 1) * ROWS_PER_BATCH).map((after) => ({ op: 'Create' as const, after })),
    ),
  );
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const payloadFile = join(folder, 'values.txt');
  const lines = values.slice(0, 10_000).map(([id, text]) => JSON.stringify({ id, note: text, doc: null }));
  writeFileSync(payloadFile, lines.join('\n'));
  // What a run has written is gone at once, or the disk writes it while the next one runs.
  const settings = { 'log.segment.delete.delay.ms': '0' };
  await using server = await KafkaServer.start({ heap: '1g', settings });
  const { brokers } = server;
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const onTopic = async (use: (topic: string) => Promise<number>): Promise<number> => {
    const topic = await newTopic(brokers, PARTITIONS);
    try {
      return await use(topic);
    } finally {
      await admin.deleteTopics({ topics: [topic] });
      await systemClock.sleep(DELETED_MS);
    }
  };
  let runs = 0;
  const ours = async (topic: string, compression: string): Promise<number> => {
    runs += 1;
    const stage = { topic, format: 'json', compression };
    await using sink = await startSink({ config: { brokers: [brokers] }, stage, jobId: `bench-${runs}` });
    const start = performance.now();
    let snapshotId = 0;
    let snapshotAt = start;
    // As in the engine: phase two goes on beside the rows that follow.
    let committing = Promise.resolve();
    const takeSnapshot = async (): Promise<void> => {
      await committing;
      snapshotId += 1;
      await sink.prepare(snapshotId);
      committing = sink.commit(snapshotId);
    };
    for (let at = 0; at < rows / ROWS_PER_BATCH; at++) {
      await sink.write(batches[at % BATCHES]!);
      if (performance.now() - snapshotAt < SNAPSHOT_EVERY_MS) continue;
      await takeSnapshot();
      snapshotAt = performance.now();
    }
    await takeSnapshot();
    await committing;
    const seconds = (performance.now() - start) / 1_000;
    if (runs === 1) {
      const count = (await committedMessages(brokers, [topic])).length;
      if (count !== rows) throw new Error(`${count} of ${rows} rows arrived`);
    }
    return rows / seconds;
  };
  const java = (topic: string, compression: string): Promise<number> =>
    javaProducer({ brokers, topic, payloadFile, records: rows, compression, commitEveryMs: SNAPSHOT_EVERY_MS });
  const ratios: Record<string, number> = {};
  const figures: Record<string, unknown> = { rows };
  for (const compression of ['none', 'lz4']) {
    const result = await alternate(
      compression,
      rounds,
      () => onTopic((topic) => ours(topic, compression)),
      () => onTopic((topic) => java(topic, compression)),
    );
    ratios[compression] = result.ratio;
    figures[compression] = { oursRowsPerSecond: result.ours, yardstickRowsPerSecond: result.yardstick };
  }
  await admin.disconnect();
  rmSync(folder, { recursive: true, force: true });
  printResult({ bench: 'kafka', ratios, figures }, { kafka: '4.3.1' });
}
