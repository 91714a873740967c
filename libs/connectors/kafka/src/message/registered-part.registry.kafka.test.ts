import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { SchemaRegistry as Reader, SchemaType } from '@kafkajs/confluent-schema-registry';
import { type ChangeBatch, type DeclaredType, declaredSchema, encodeRows, UNCHANGED } from '@millrace/formats';
import { RegistryServer, type SharedKafka, testKafka, testRegistry } from '@millrace/testing';
import { RecordedRefusals } from '@millrace/testing/drivers';
import { committedBytes } from '../test-support/committed-messages.ts';
import { startSink as startOne } from '../test-support/drive.ts';
import { inserts, tableOf, transactionOf } from '../test-support/events.ts';
import { RegistryProxy } from '../test-support/registry-proxy.ts';
import { newTopic } from '../test-support/test-cluster.ts';

const CHILD = fileURLToPath(new URL('../test-support/register-child.ts', import.meta.url));
const ORDERS = tableOf('orders');
let kafka: SharedKafka;
let url: string;
let jobCount = 0;

beforeAll(async () => {
  kafka = await testKafka();
  ({ url } = await testRegistry());
});

const newJob = (): string => `registered-${process.pid}-${jobCount++}`;

const startSink = (
  stage: Readonly<Record<string, unknown>>,
  options: Partial<Parameters<typeof startOne>[0]> & { readonly url?: string } = {},
): ReturnType<typeof startOne> =>
  startOne({
    config: { brokers: [kafka.brokers], schemaRegistry: { url: options.url ?? url } },
    stage,
    jobId: newJob(),
    ...options,
  });

/** Rows of a table of these columns, without a place in a source. */
const rows = (
  columns: Readonly<Record<string, DeclaredType>>,
  ...values: readonly Readonly<Record<string, unknown>>[]
): ChangeBatch =>
  encodeRows(declaredSchema({ table: 'public.orders', columns, key: ['id'] }), values, { receivedMs: 0 });

/** What another program, which knows nothing of us, reads: key and value of each message. */
async function decoded(topic: string): Promise<readonly (readonly [key: unknown, value: unknown])[]> {
  const reader = new Reader({ host: url }, { [SchemaType.JSON]: { strict: false } });
  const plain = async (part: Buffer | null): Promise<unknown> =>
    part === null ? null : { ...((await reader.decode(part)) as object) };
  const messages = await committedBytes(kafka.brokers, [topic]);
  return Promise.all(messages.map(async ({ key, value }) => [await plain(key), await plain(value)] as const));
}

async function registry(path: string, method = 'GET', body?: unknown): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return await answer.json();
}

const subjects = async (word: string): Promise<readonly string[]> =>
  ((await registry('/subjects')) as readonly string[]).filter((subject) => subject.includes(word)).toSorted();

const setLevel = (subject: string, compatibility: string): Promise<unknown> =>
  registry(`/config/${subject}`, 'PUT', { compatibility });

describe('messages with a schema in the registry', () => {
  it('are read by another reader of the registry, keys, values and tombstones, in Avro', async () => {
    const topic = await newTopic(kafka.brokers);
    await using sink = await startSink({ topic, format: 'avro' });
    await sink.write(
      transactionOf(ORDERS, 77, [
        { op: 'Create', after: [1, 'a', '{"x": 1}'] },
        { op: 'Update', after: [1, null] },
        { op: 'Delete', before: [1, null] },
        { op: 'Truncate' },
      ]),
    );
    await sink.snapshot(1);
    expect(await decoded(topic)).toEqual([
      [{ id: 1 }, { __unchanged: [], id: 1, note: 'a', doc: '{"x": 1}' }],
      [{ id: 1 }, { __unchanged: [], id: 1, note: null, doc: null }],
      [{ id: 1 }, null],
    ]);
    expect(await subjects(topic)).toEqual([`${topic}-key`, `${topic}-value`]);
  });

  it('and in JSON Schema, checked by the reader; a value that was not resent is left out', async () => {
    const topic = await newTopic(kafka.brokers);
    await using sink = await startSink({ topic, format: 'json-schema' });
    const columns = {
      id: 'bigint',
      amount: 'numeric',
      at: 'timestamptz',
      raw: 'bytea',
      doc: 'jsonb',
      on: 'boolean',
    } as const;
    const text = {
      id: '9007199254740993',
      amount: '1.50',
      at: '2024-01-01 00:00:00+00',
      raw: '\\x0102',
      doc: '[1]',
      on: 't',
    };
    await sink.write(rows(columns, text, { id: '1', amount: UNCHANGED, doc: UNCHANGED }));
    await sink.snapshot(1);
    expect(await decoded(topic)).toEqual([
      [
        { id: '9007199254740993' },
        { id: '9007199254740993', amount: '1.50', at: '2024-01-01T00:00:00Z', raw: 'AQI=', doc: [1], on: true },
      ],
      [{ id: 1 }, { id: 1, at: null, raw: null, on: null }],
    ]);
  });

  it.each([
    ['record-name', (topic: string) => [`${topic}.orders`, `${topic}.orders.Key`]],
    ['topic-record-name', (topic: string) => [`${topic}-${topic}.orders`, `${topic}-${topic}.orders.Key`]],
  ])('are of subjects named by %s', async (strategy, names) => {
    const topic = (await newTopic(kafka.brokers)).replaceAll('-', '_');
    await using sink = await startSink({
      topic,
      format: 'avro',
      subjects: strategy,
      avro: { namespace: topic },
      createTopics: {},
    });
    await sink.write(inserts(ORDERS, 0, 1));
    await sink.snapshot(1);
    expect(await subjects(topic)).toEqual(names(topic));
    expect(await decoded(topic)).toHaveLength(1);
  });

  it('get a new version before the first row with a column that was added, and keep their order', async () => {
    const topic = await newTopic(kafka.brokers);
    await using sink = await startSink({ topic, format: 'avro' });
    await setLevel(`${topic}-value`, 'FULL');
    const older = { id: 'integer' } as const;
    const newer = { id: 'integer', note: 'text' } as const;
    await sink.write(rows(older, { id: 1 }, { id: 2 }), rows(newer, { id: 3, note: 'x' }), rows(older, { id: 4 }));
    await sink.snapshot(1);
    expect((await decoded(topic)).map(([, value]) => value)).toEqual([
      { __unchanged: [], id: 1 },
      { __unchanged: [], id: 2 },
      { __unchanged: [], id: 3, note: 'x' },
      { __unchanged: [], id: 4 },
    ]);
    expect(await registry(`/subjects/${topic}-value/versions`)).toEqual([1, 2]);
  });

  it('of a shape that the subject does not allow are set aside where the stage says so, and the others go on', async () => {
    const topic = await newTopic(kafka.brokers);
    const refusals = new RecordedRefusals();
    await using sink = await startSink({ topic, format: 'avro' }, { refusals });
    await sink.write(rows({ id: 'integer', total: 'integer' }, { id: 1, total: 7 }));
    await sink.snapshot(1);
    await setLevel(`${topic}-value`, 'BACKWARD');
    await sink.write(rows({ id: 'integer', total: 'text' }, { id: 2, total: 'much' }, { id: 3, total: 'more' }));
    await sink.write(rows({ id: 'integer', total: 'integer' }, { id: 4, total: 8 }));
    await sink.snapshot(2);
    expect((await decoded(topic)).map(([key]) => key)).toEqual([{ id: 1 }, { id: 4 }]);
    expect(refusals.aside).toEqual(['refused 2 much', 'refused 3 more']);
    expect(refusals.reasons).toEqual(['kafka.schema_incompatible', 'kafka.schema_incompatible']);
  });

  it('stop at a change that the subject does not allow, saying which, and go on when it does', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    const changed = rows({ id: 'integer', total: 'text' }, { id: 2, total: 'much' });
    {
      await using sink = await startSink({ topic, format: 'avro' }, { jobId });
      await sink.write(rows({ id: 'integer', total: 'integer' }, { id: 1, total: 7 }));
      await sink.snapshot(1);
      await setLevel(`${topic}-value`, 'BACKWARD');
      await expect(sink.write(changed)).rejects.toMatchObject({
        code: { code: 'kafka.schema_incompatible' },
        message: expect.stringMatching(
          /^the new schema of subject .*-value is not compatible with its versions: .*(INT|STRING)/,
        ) as unknown,
        mend: expect.stringContaining(`/config/${topic}-value`) as unknown,
      });
    }
    await setLevel(`${topic}-value`, 'NONE');
    await using sink = await startSink({ topic, format: 'avro' }, { jobId, generation: 2 });
    await sink.write(changed);
    await sink.snapshot(2);
    expect((await decoded(topic)).map(([, value]) => (value as { total: unknown }).total)).toEqual([7, 'much']);
  });

  it('need schemas that others register when told so', async () => {
    const topic = await newTopic(kafka.brokers);
    const stage = { topic, format: 'avro', keyFormat: 'json', registerSchemas: false };
    await using refused = await startSink(stage);
    let missing: unknown;
    await refused.write(inserts(ORDERS, 0, 1)).catch((error: unknown) => {
      missing = error;
    });
    expect(missing).toMatchObject({
      code: { code: 'kafka.schema_unknown' },
      message: `there is no subject ${topic}-value`,
    });
    expect(await subjects(topic)).toEqual([]);
    const { schema } = (missing as { readonly details: { readonly schema: string } }).details;
    await registry(`/subjects/${topic}-value/versions`, 'POST', { schema: '"string"' });
    await using other = await startSink(stage);
    await expect(other.write(inserts(ORDERS, 0, 1))).rejects.toMatchObject({
      message: `subject ${topic}-value has other versions than the schema that is needed`,
    });
    await registry(`/subjects/${topic}-value/versions`, 'POST', { schema });
    await using sink = await startSink(stage);
    await sink.write(inserts(ORDERS, 0, 1));
    await sink.snapshot(1);
    expect(await committedBytes(kafka.brokers, [topic])).toHaveLength(1);
  });

  it('wait for a registry that is down, and need it only for schemas that are new', async () => {
    await using server = await RegistryServer.start();
    const [first, second] = [await newTopic(kafka.brokers), await newTopic(kafka.brokers)];
    const tables = [first, second].map((topic) => ({ ...ORDERS, table: topic, id: `public.${topic}` }));
    await using sink = await startSink({ topic: '{table}', format: 'avro' }, { url: server.url });
    await sink.write(inserts(tables[0]!, 0, 10));
    await server.down('SIGKILL');
    // The shape comes again, as after a restart of the source.
    await sink.write(inserts({ ...tables[0]! }, 10, 20));
    const waiting = sink.write(inserts(tables[1]!, 0, 10));
    await server.up();
    await waiting;
    await sink.snapshot(1);
    expect(await committedBytes(kafka.brokers, [first])).toHaveLength(20);
    expect(await committedBytes(kafka.brokers, [second])).toHaveLength(10);
  }, 60_000);

  it('appear once when the job is killed between registering and writing', async () => {
    const topic = await newTopic(kafka.brokers);
    const jobId = newJob();
    await using proxy = await RegistryProxy.start(url, ({ path }) => (path.includes('-value') ? 'swallow' : 'pass'));
    const child = spawn(process.execPath, ['--conditions=source', CHILD, kafka.brokers, proxy.url, topic, jobId], {
      stdio: 'inherit',
    });
    const gone = once(child, 'exit');
    await proxy.swallowed;
    child.kill('SIGKILL');
    await gone;
    expect(await registry(`/subjects/${topic}-value/versions`)).toEqual([1]);
    await using sink = await startSink({ topic, format: 'avro' }, { jobId, generation: 2 });
    await sink.write(inserts(ORDERS, 0, 1));
    await sink.snapshot(1);
    expect(await decoded(topic)).toHaveLength(1);
    expect(await registry(`/subjects/${topic}-value/versions`)).toEqual([1]);
  }, 60_000);

  it('log in to the registry, and say when it refuses', async () => {
    const topic = await newTopic(kafka.brokers);
    const login = `Basic ${Buffer.from('ada:secret').toString('base64')}`;
    await using proxy = await RegistryProxy.start(url, ({ headers }) =>
      headers.authorization === login ? 'pass' : 401,
    );
    const config = { brokers: [kafka.brokers], schemaRegistry: { url: proxy.url, username: 'ada' } };
    await using sink = await startSink(
      { topic, format: 'avro' },
      { config: { ...config, registryPassword: 'secret' } },
    );
    await sink.write(inserts(ORDERS, 0, 1));
    await sink.snapshot(1);
    await using refused = await startSink(
      { topic, format: 'avro' },
      { config: { ...config, registryPassword: 'wrong' } },
    );
    const failed = refused.write(inserts(ORDERS, 0, 1));
    await expect(failed).rejects.toMatchObject({ code: { code: 'kafka.registry_refused' } });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('wrong') as unknown });
  });

  it('ask the registry once for each schema', async () => {
    const topic = await newTopic(kafka.brokers);
    await using proxy = await RegistryProxy.start(url, () => 'pass');
    await using sink = await startSink({ topic, format: 'avro' }, { url: proxy.url });
    for (let id = 0; id < 10; id++) await sink.write(inserts({ ...ORDERS }, id, id + 1));
    await sink.snapshot(1);
    expect(proxy.seen).toEqual([`POST /subjects/${topic}-key/versions`, `POST /subjects/${topic}-value/versions`]);
  });

  it('need a registry in the connection, and one that is a registry', async () => {
    const topic = await newTopic(kafka.brokers);
    await expect(startSink({ topic, format: 'avro' }, { config: { brokers: [kafka.brokers] } })).rejects.toMatchObject({
      code: { code: 'kafka.registry_missing' },
    });
    await using proxy = await RegistryProxy.start(url, () => 'pass');
    await using sink = await startSink({ topic, format: 'avro' }, { url: `${proxy.url}/nowhere` });
    await expect(sink.write(inserts(ORDERS, 0, 1))).rejects.toMatchObject({ code: { code: 'kafka.registry_refused' } });
  });
});
