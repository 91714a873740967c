import { beforeAll, describe, expect, it } from '@jest/globals';
import { type DeclaredType, declaredSchema, encodeRows, type TableSchema, UNCHANGED } from '@millrace/formats';
import { type SharedKafka, testKafka } from '@millrace/testing';
import { RecordedRefusals } from '@millrace/testing/drivers';
import { committedBytes } from '../test-support/committed-messages.ts';
import { startSink } from '../test-support/drive.ts';
import { newTopic } from '../test-support/test-cluster.ts';

let kafka: SharedKafka;
let jobCount = 0;

beforeAll(async () => {
  kafka = await testKafka();
});

const tableOf = (columns: Readonly<Record<string, DeclaredType>>, key = ['id']): TableSchema =>
  declaredSchema({ table: 'public.notes', columns, key });

async function written(
  stage: Readonly<Record<string, unknown>>,
  table: TableSchema,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<readonly (readonly [key: string | undefined, value: string | undefined])[]> {
  const topic = await newTopic(kafka.brokers);
  await using sink = await startSink({
    config: { brokers: [kafka.brokers] },
    stage: { topic, format: 'plain', ...stage },
    jobId: `plain-${process.pid}-${jobCount++}`,
  });
  await sink.write(encodeRows(table, rows, { receivedMs: 0, isDelete: ({ gone }) => gone === true }));
  await sink.snapshot(1);
  const messages = await committedBytes(kafka.brokers, [topic]);
  return messages.map(({ key, value }) => [key?.toString('latin1'), value?.toString('latin1')]);
}

describe('plain messages', () => {
  it('are the bytes of a column for the key and of one for the value', async () => {
    const rows = [
      { id: 'a b', body: Buffer.from([0, 255]) },
      { id: '"', body: Buffer.from([]) },
      { id: 'a b', body: null },
      { id: 'a b', gone: true },
    ];
    expect(await written({}, tableOf({ id: 'text', body: 'bytea' }), rows)).toEqual([
      ['a b', '\0ÿ'],
      ['"', ''],
      ['a b', undefined],
      ['a b', undefined],
    ]);
  });

  it('are of the columns that are named, or have a key of another format', async () => {
    const table = tableOf({ id: 'integer', body: 'text', other: 'integer' });
    const rows = [{ id: 1, body: '{}', other: 7 }];
    expect(await written({ key: ['other'], value: 'body' }, table, rows)).toEqual([['7', '{}']]);
    expect(await written({ keyFormat: 'json', value: 'other' }, table, rows)).toEqual([['{"id":1}', '7']]);
  });

  it('are written without a row whose value was not sent, where refused rows are set aside', async () => {
    const topic = await newTopic(kafka.brokers);
    const refusals = new RecordedRefusals();
    await using sink = await startSink({
      config: { brokers: [kafka.brokers] },
      stage: { topic, format: 'plain' },
      jobId: `plain-${process.pid}-${jobCount++}`,
      refusals,
    });
    const rows = [1, 2, 3, 2, 4].map((id, index) => ({ id, body: index === 1 ? UNCHANGED : `v${index}` }));
    await sink.write(encodeRows(tableOf({ id: 'integer', body: 'text' }), rows, { receivedMs: 0 }));
    await sink.snapshot(1);
    const messages = await committedBytes(kafka.brokers, [topic]);
    expect(messages.map(({ value }) => value?.toString())).toEqual(['v0', 'v2', 'v4']);
    expect([refusals.aside, refusals.reasons]).toEqual([['refused 2', 'parked 2 v3'], ['kafka.plain_value_missing']]);
  });

  it.each([
    [{}, tableOf({ id: 'integer', body: 'text', other: 'integer' }), 'kafka.plain_needs_column'],
    [{ value: 'none' }, tableOf({ id: 'integer', body: 'text' }), 'kafka.plain_needs_column'],
    [{}, tableOf({ id: 'integer', body: 'text', more: 'text' }, ['id', 'body']), 'kafka.plain_needs_column'],
    [{ value: 'body' }, tableOf({ id: 'integer', body: 'text' }), 'kafka.plain_value_missing'],
  ])('say which column is missing: %j', async (stage, table, code) => {
    await expect(written(stage, table, [{ id: 1, body: UNCHANGED }])).rejects.toMatchObject({ code: { code } });
  });
});
