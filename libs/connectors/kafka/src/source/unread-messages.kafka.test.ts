import { beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '@millrace/formats';
import { type SharedKafka, testKafka } from '@millrace/testing';
import { RecordedRefusals, type SavedSnapshot } from '@millrace/testing/drivers';
import { Kafka, logLevel } from 'kafkajs';
import { startSource } from '../test-support/drive.ts';
import { newTopic } from '../test-support/test-cluster.ts';

const SHAPE = { table: 'public.notes', columns: { id: 'integer', note: 'text' }, key: ['id'] };
let kafka: SharedKafka;

beforeAll(async () => {
  kafka = await testKafka();
});

async function produce(topic: string, values: readonly (string | Buffer | null)[]): Promise<void> {
  const producer = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await producer.send({ topic, messages: values.map((value, at) => ({ key: `k${at}`, value, headers: { h: 'x' } })) });
  await producer.disconnect();
}

const edited = (record: EventRecord, after: Readonly<Record<string, string | null>>): EventRecord => ({
  ...record,
  after: { ...record.after, ...after },
});

describe('messages that the kafka source cannot read', () => {
  it('are set aside with their bytes and place, and read again when they come back', async () => {
    const topic = await newTopic(kafka.brokers);
    await produce(topic, [
      '{"id":1,"note":"a"}',
      'no JSON',
      Buffer.of(0, 255),
      '{"note":"no id"}',
      null,
      '{"id":2,"note":"b"}',
    ]);
    const refusals = new RecordedRefusals();
    await using source = await startSource({
      brokers: kafka.brokers,
      stage: { ...SHAPE, topics: [topic], follow: false },
      refusals,
    });
    await source.run();
    expect(source.events).toEqual(['c 1 a', 'c 2 b']);
    expect(refusals.refused.map(({ after }) => [after!['offset'], after!['key'], after!['value']])).toEqual([
      ['1', 'k1', 'no JSON'],
      ['2', 'k2', 'base64:AP8='],
      ['3', 'k3', '{"note":"no id"}'],
      ['4', 'k4', null],
    ]);
    const [first, , , tombstone] = refusals.refused;
    expect(first!.after).toMatchObject({ topic, partition: '0', headers: '[["h","x"]]', cut: null });
    expect(new Set(refusals.reasons)).toEqual(new Set(['kafka.row_refused']));
    await source.giveBack(first!);
    expect(refusals.refused[4]!.after).toMatchObject({ offset: '1', value: 'no JSON' });
    await source.giveBack(edited(first!, { value: '{"id":3,"note":"c"}' }));
    await source.giveBack(edited(tombstone!, { key: '{"id":1}' }));
    expect(source.events.slice(2)).toEqual(['c 3 c', 'd 1']);
  });

  it('are set aside once, whatever the snapshot is that a source goes on from', async () => {
    const topic = await newTopic(kafka.brokers);
    const values = Array.from({ length: 3_000 }, (_, id) =>
      id % 300 === 7 ? `broken ${id}` : `{"id":${id},"note":"x"}`,
    );
    await produce(topic, values);
    const seen: string[] = [];
    const aside: unknown[] = [];
    let restored: SavedSnapshot | undefined;
    for (let isDone = false; !isDone; ) {
      const refusals = new RecordedRefusals();
      await using source = await startSource({
        brokers: kafka.brokers,
        stage: { ...SHAPE, topics: [topic], follow: false },
        refusals,
        restored,
        batchesMax: 3,
      });
      let turns = 0;
      await source.until(() => turns++ === 20);
      isDone = source.isDone;
      restored = await source.save();
      seen.push(...source.events);
      aside.push(...refusals.refused.map(({ after }) => after!['value']));
    }
    expect(aside).toEqual(values.filter((value) => value.startsWith('broken')));
    expect(seen).toEqual(values.flatMap((value, id) => (value.startsWith('broken') ? [] : [`c ${id} x`])));
  });
});
