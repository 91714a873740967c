import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaServer, SeededRandom } from '@millrace/testing';
import { committedMessages } from '../../libs/connectors/kafka/src/test-support/committed-messages.ts';
import { DrivenSink } from '../../libs/connectors/kafka/src/test-support/driven-sink.ts';
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
  await using server = await KafkaServer.start({ heap: '1g' });
  const { brokers } = server;
  let runs = 0;
  const ours = async (compression: string): Promise<number> => {
    const topic = await newTopic(brokers, PARTITIONS);
    runs += 1;
    const stage = { topic, format: 'json', compression };
    await using sink = await DrivenSink.start({ config: { brokers: [brokers] }, stage, jobId: `bench-${runs}` });
    const start = performance.now();
    let snapshotId = 0;
    let snapshotAt = start;
    for (let at = 0; at < rows / ROWS_PER_BATCH; at++) {
      await sink.write(batches[at % BATCHES]!);
      if (performance.now() - snapshotAt < SNAPSHOT_EVERY_MS) continue;
      await sink.snapshot(++snapshotId);
      snapshotAt = performance.now();
    }
    await sink.snapshot(++snapshotId);
    const seconds = (performance.now() - start) / 1_000;
    if (runs === 1) {
      const count = (await committedMessages(brokers, [topic])).length;
      if (count !== rows) throw new Error(`${count} of ${rows} rows arrived`);
    }
    return rows / seconds;
  };
  const java = async (compression: string): Promise<number> =>
    await javaProducer({
      brokers,
      topic: await newTopic(brokers, PARTITIONS),
      payloadFile,
      records: rows,
      compression,
      commitEveryMs: SNAPSHOT_EVERY_MS,
    });
  const ratios: Record<string, number> = {};
  const figures: Record<string, unknown> = { rows };
  for (const compression of ['none', 'lz4']) {
    const result = await alternate(
      compression,
      rounds,
      () => ours(compression),
      () => java(compression),
    );
    ratios[compression] = result.ratio;
    figures[compression] = { oursRowsPerSecond: result.ours, yardstickRowsPerSecond: result.yardstick };
  }
  rmSync(folder, { recursive: true, force: true });
  printResult({ bench: 'kafka', ratios, figures }, { kafka: '4.3.1' });
}
