import { beforeAll, describe, expect, it } from '@jest/globals';
import { SchemaType, SchemaRegistry as Writer } from '@kafkajs/confluent-schema-registry';
import {
  type ChangeBatch,
  changeEvents,
  DECLARED_TYPES,
  type DeclaredType,
  declaredSchema,
  encodeRows,
  UNCHANGED,
} from '@millrace/formats';
import { type SharedKafka, testKafka, testRegistry } from '@millrace/testing';
import { DrivenSource } from '@millrace/testing/drivers';
import { Kafka as Binding, CloudEvent } from 'cloudevents';
import { type IHeaders, Kafka, logLevel } from 'kafkajs';
import { startSink } from '../../test-support/drive.ts';
import { tableOf, transactionOf } from '../../test-support/events.ts';
import { newTopic } from '../../test-support/test-cluster.ts';
import { kafkaSource } from '../kafka-source.ts';

const ORDERS = tableOf('orders');
const COLUMNS = { id: 'integer', note: 'text', doc: 'jsonb' } as const;
const EVENTS = transactionOf(ORDERS, 77, [
  { op: 'Create', after: [1, 'a', '{"x": 1.10}'] },
  { op: 'Create', after: [2, null] },
  { op: 'Update', before: [1, null], after: [1, 'b'] },
  { op: 'Delete', before: [2, null] },
]);
let kafka: SharedKafka;
let url: string;
let jobCount = 0;

beforeAll(async () => {
  kafka = await testKafka();
  ({ url } = await testRegistry());
});

async function write(
  topic: string,
  stage: Readonly<Record<string, unknown>>,
  ...batches: readonly ChangeBatch[]
): Promise<void> {
  await using sink = await startSink({
    config: { brokers: [kafka.brokers], schemaRegistry: { url } },
    stage: { topic, ...stage },
    jobId: `formats-${process.pid}-${jobCount++}`,
  });
  await sink.write(...batches);
  await sink.snapshot(1);
}

interface Sent {
  readonly key?: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: IHeaders;
}

/** Messages of another program. */
async function send(topic: string, ...messages: readonly Sent[]): Promise<void> {
  const producer = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await producer.send({ topic, messages: [...messages] });
  await producer.disconnect();
}

/** All there is, as op and row. */
async function read(
  topic: string,
  stage: Readonly<Record<string, unknown>>,
  columns: Readonly<Record<string, DeclaredType>> = COLUMNS,
): Promise<readonly (readonly [op: string, row: unknown])[]> {
  await using source = await DrivenSource.start(kafkaSource, {
    config: { brokers: [kafka.brokers], schemaRegistry: { url } },
    stage: { topics: [topic], table: 'public.orders', columns, key: ['id'], follow: false, ...stage },
    read: changeEvents,
  });
  await source.run();
  return source.events.map(({ op, before, after }) => [op, { ...(after ?? before) }]);
}

const deleted = { id: 2 };

describe('the kafka source', () => {
  it.each([
    ['avro', {}],
    ['avro', { keyFormat: 'json' }],
    ['json-schema', {}],
    ['json', {}],
    ['debezium-json', {}],
    ['cloudevents', {}],
    ['cloudevents', { cloudEvents: { mode: 'binary' }, keyFormat: 'plain' }],
  ])('reads what the sink writes as %s %j', async (format, stage) => {
    const topic = await newTopic(kafka.brokers);
    const tombstones = format === 'cloudevents' ? {} : { tombstones: true };
    await write(topic, { format, ...tombstones, ...stage }, EVENTS);
    const { keyFormat } = stage as { readonly keyFormat?: string };
    const events = await read(topic, { format, ...(keyFormat === undefined ? {} : { keyFormat }) });
    const [first, ...others] = events;
    expect(first).toEqual(['c', { id: 1, note: 'a', doc: expect.stringMatching(/^\{"x": ?1\.10?\}$/) as unknown }]);
    const hasBoth = format === 'debezium-json' || format === 'cloudevents';
    expect(others).toEqual([
      ['c', { id: 2, note: null, doc: null }],
      ['c', { id: 1, note: 'b', doc: null }],
      ['d', deleted],
      // The tombstone after the event: nothing that the delete had not done.
      ...(hasBoth ? [['d', deleted]] : []),
    ]);
  });

  it('reads every type from Avro as it was, and values that were not resent', async () => {
    const topic = await newTopic(kafka.brokers);
    const names = Object.keys(DECLARED_TYPES) as DeclaredType[];
    const columns = { id: 'integer', ...Object.fromEntries(names.map((type) => [`a ${type}`, type])) } as const;
    const values: Readonly<Record<DeclaredType, string>> = {
      smallint: '-1',
      integer: '2147483647',
      bigint: '9223372036854775807',
      numeric: '1.10',
      real: '0.1',
      'double precision': 'NaN',
      boolean: 't',
      text: 'ü',
      date: '0044-03-15 BC',
      time: '24:00:00',
      timestamp: 'infinity',
      timestamptz: '2024-01-01 00:00:00.000001+00',
      uuid: 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60',
      json: '{"a": 12345678901234567890}',
      jsonb: '[]',
      bytea: '\\x00ff',
    };
    const row = Object.fromEntries(names.map((type) => [`a ${type}`, values[type]]));
    const schema = declaredSchema({ table: 'public.orders', columns, key: ['id'] });
    await write(
      topic,
      { format: 'avro' },
      encodeRows(
        schema,
        [
          { id: '1', ...row },
          { id: '2', 'a text': UNCHANGED },
        ],
        { receivedMs: 0 },
      ),
    );
    const [[, first], [, second]] = (await read(topic, { format: 'avro' }, columns)) as [
      [string, object],
      [string, object],
    ];
    expect(encodeRows(schema, [first as Record<string, unknown>], { receivedMs: 0 }).bytes).toEqual(
      encodeRows(schema, [{ id: '1', ...row }], { receivedMs: 0 }).bytes,
    );
    expect(second).toMatchObject({ id: 2, 'a text': UNCHANGED, 'a uuid': null });
  });

  it('reads each message by the schema it was written with, or resolved to the newest', async () => {
    const topic = await newTopic(kafka.brokers);
    const writer = new Writer({ host: url });
    const record = (...fields: readonly object[]): string =>
      JSON.stringify({
        type: 'record',
        name: 'Order',
        namespace: 'other',
        fields: [{ name: 'id', type: 'int' }, ...fields],
      });
    const register = (schema: string) =>
      writer.register({ type: SchemaType.AVRO, schema }, { subject: `${topic}-value` });
    const older = await register(record({ name: 'remark', type: 'string' }));
    const newer = await register(
      record(
        { name: 'note', type: 'string', aliases: ['remark'] },
        { name: 'doc', type: 'string', default: '{"from":"default"}' },
      ),
    );
    await send(
      topic,
      { key: '{"id":1}', value: await writer.encode(older.id, { id: 1, remark: 'old' }) },
      { key: '{"id":2}', value: await writer.encode(newer.id, { id: 2, note: 'new', doc: '[]' }) },
      { key: '{"id":1}', value: null },
    );
    const stage = { format: 'avro', keyFormat: 'json' };
    const second = ['c', { id: 2, note: 'new', doc: '[]' }];
    const third = ['d', { id: 1 }];
    expect(await read(topic, stage)).toEqual([['c', { id: 1, note: null, doc: null }], second, third]);
    expect(await read(topic, { ...stage, resolve: 'latest' })).toEqual([
      ['c', { id: 1, note: 'old', doc: '{"from":"default"}' }],
      second,
      third,
    ]);
  });

  it('reads JSON Schema and CloudEvents of other programs', async () => {
    const topic = await newTopic(kafka.brokers);
    const writer = new Writer({ host: url });
    const schema = JSON.stringify({ type: 'object', properties: { id: { type: 'integer' } } });
    const { id } = await writer.register({ type: SchemaType.JSON, schema }, { subject: `${topic}-value` });
    await send(topic, { value: await writer.encode(id, { id: 1, note: 'x', more: true }) });
    expect(await read(topic, { format: 'json-schema' })).toEqual([['c', { id: 1, note: 'x', doc: null }]]);

    const clouds = await newTopic(kafka.brokers);
    const event = new CloudEvent({ source: '/other', type: 'com.example.changed', data: { id: 7, note: 'y' } });
    const gone = event.cloneWith({ type: 'com.example.deleted', data: { id: 8 } });
    const sent = [Binding.structured(event), Binding.binary(event), Binding.binary(gone)].map(({ headers, value }) => ({
      // The library lists attributes that an event does not have.
      headers: Object.fromEntries(Object.entries(headers).filter(([, text]) => text !== undefined)) as IHeaders,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    }));
    await send(clouds, ...sent);
    expect(await read(clouds, { format: 'cloudevents' })).toEqual([
      ['c', { id: 7, note: 'y', doc: null }],
      ['c', { id: 7, note: 'y', doc: null }],
      ['d', { id: 8 }],
    ]);
  });

  it('reads plain keys and values, and deletes by plain keys', async () => {
    const topic = await newTopic(kafka.brokers);
    await send(topic, { key: 'a "', value: Buffer.from([0, 255]) }, { key: 'b', value: '' }, { key: 'b', value: null });
    expect(await read(topic, { format: 'plain' }, { id: 'text', raw: 'bytea' })).toEqual([
      ['c', { id: 'a "', raw: '\\x00ff' }],
      ['c', { id: 'b', raw: '\\x' }],
      ['d', { id: 'b' }],
    ]);
  });

  it('reads envelopes with their schema, exact numbers and values that were not resent', async () => {
    const topic = await newTopic(kafka.brokers);
    const after = '{"id":9007199254740993,"note":"__debezium_unavailable_value","doc":"{\\"x\\": 1}","n":1.10}';
    await send(
      topic,
      { value: `{"schema":{},"payload":{"op":"u","before":null,"after":${after}}}` },
      { value: '{"op":"m"}' },
    );
    expect(await read(topic, { format: 'debezium-json' }, { ...COLUMNS, id: 'bigint', n: 'numeric' })).toEqual([
      ['c', { id: 9007199254740993n, note: UNCHANGED, doc: '{"x": 1}', n: '1.10' }],
    ]);
  });

  it.each([
    [{ format: 'avro' }, { value: 'text' }, 'it does not begin with the id of a schema'],
    [
      { format: 'avro' },
      { value: Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]) },
      'its schema 2147483647: the schema registry has no schema 2147483647',
    ],
    [{ format: 'debezium-json' }, { value: '{"id":1}' }, 'it is no envelope of Debezium: it has no op'],
    [{ format: 'debezium-json' }, { value: '{"op":"c","after":null}' }, 'its after is not an object'],
    [
      { format: 'debezium-json' },
      { value: '{"op":"t"}' },
      'it says that the table was truncated, and nothing says which rows of other partitions came before',
    ],
    [{ format: 'cloudevents' }, { value: '{"id":1}' }, 'it is no event of CloudEvents 1.0'],
    [
      { format: 'plain', columns: { id: 'integer', note: 'text' } },
      { key: 'x', value: 'y' },
      'its "id" is not an integer',
    ],
    [
      { format: 'plain', columns: { id: 'integer', note: 'text' } },
      { key: '1', value: Buffer.from([255]) },
      'its "note" is not text in UTF-8',
    ],
  ])('says what is wrong with a message: %j %j', async (stage, message, reason) => {
    const topic = await newTopic(kafka.brokers);
    await send(topic, message);
    await expect(read(topic, stage)).rejects.toMatchObject({
      code: { code: 'kafka.row_refused' },
      message: `message 0 of partition 0 of ${topic}: ${reason}`,
    });
  });
});
