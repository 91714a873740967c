import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Finding } from '@millrace/connector-contract';
import { type DeclaredType, declaredSchema } from '@millrace/formats';
import { testRegistry } from '@millrace/testing';
import { clusterConfig, sinkStage } from '../config.ts';
import { sourceStage } from '../source/source-stage.ts';
import { JOB } from '../test-support/drive.ts';
import { checkFormat, checkReading, checkRegistry } from './check-registry.ts';

const NEVER = new AbortController().signal;
let url: string;
let topicCount = 0;

beforeAll(async () => {
  ({ url } = await testRegistry());
});

const newTopic = (): string => `check-${process.pid}-${topicCount++}`;
const brief = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ severity, code, message }) => `${severity} ${code} ${message}`);

async function check(
  stage: Readonly<Record<string, unknown>>,
  columns: Readonly<Record<string, DeclaredType>> = { id: 'integer', note: 'text' },
  address = url,
): Promise<readonly Finding[]> {
  const config = clusterConfig.parse({ brokers: ['none:1'], schemaRegistry: { url: address } });
  const table = declaredSchema({ table: 'public.orders', columns, key: ['id'] });
  return checkFormat({ config, stage: sinkStage.parse(stage), job: JOB }, { tables: [table] }, NEVER);
}

const send = (method: string, path: string, body: unknown): Promise<unknown> =>
  fetch(`${url}${path}`, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

describe('the check of formats', () => {
  it('says that the registry answers, or does not', async () => {
    const config = (address: string) => clusterConfig.parse({ brokers: ['none:1'], schemaRegistry: { url: address } });
    expect(brief(await checkRegistry(config(url), NEVER))).toEqual([
      expect.stringMatching(/^ok kafka.registry_reached the schema registry answers, with \d+ subject/),
    ]);
    // A port of nobody.
    const [unreachable] = await checkRegistry(config('http://127.0.0.1:9'), NEVER);
    expect(unreachable).toMatchObject({
      code: 'kafka.registry_unreachable',
      severity: 'error',
      pointer: '/schemaRegistry/url',
    });
    const [refused] = await checkRegistry(config(`${url}/nowhere`), NEVER);
    expect(refused).toMatchObject({ code: 'kafka.registry_refused', severity: 'error' });
    expect(await checkRegistry(clusterConfig.parse({ brokers: ['none:1'] }), NEVER)).toEqual([]);
  }, 20_000);

  it('says what the level of a subject is, and when a schema would be refused', async () => {
    const topic = newTopic();
    const stage = { topic, format: 'avro', keyFormat: 'json' };
    const taken = `ok kafka.schema_taken subject ${topic}-value takes the schema; its compatibility level is`;
    expect(brief(await check(stage))).toEqual([`${taken} NONE`]);
    await send('POST', `/subjects/${topic}-value/versions`, {
      schema: JSON.stringify({
        type: 'record',
        name: 'orders',
        namespace: 'public',
        fields: [{ name: 'id', type: 'string' }],
      }),
    });
    await send('PUT', `/config/${topic}-value`, { compatibility: 'BACKWARD' });
    expect(brief(await check(stage))).toEqual([
      expect.stringMatching(
        `^error kafka.schema_incompatible the schema of subject ${topic}-value is not compatible with its versions: .*STRING`,
      ),
    ]);
  });

  it('warns where added columns would be refused', async () => {
    const topic = newTopic();
    const stage = { topic, format: 'json-schema', keyFormat: 'plain' };
    await send('POST', `/subjects/${topic}-value/versions`, { schemaType: 'JSON', schema: '{"type":"object"}' });
    await send('PUT', `/config/${topic}-value`, { compatibility: 'FORWARD' });
    expect(await check(stage)).toMatchObject([{ code: 'kafka.schema_cannot_grow', severity: 'warning' }]);
  });

  it('finds that a schema is not registered, and tables that plain messages cannot hold', async () => {
    expect(await check({ topic: newTopic(), format: 'avro', registerSchemas: false })).toMatchObject([
      { code: 'kafka.schema_unknown', severity: 'error' },
    ]);
    const columns = { id: 'integer', a: 'text', b: 'text' } as const;
    expect(await check({ format: 'plain' }, columns)).toMatchObject([
      { code: 'kafka.plain_needs_column', severity: 'error', pointer: '/value' },
    ]);
    expect(await check({ format: 'plain', value: 'b' }, columns)).toEqual([]);
  });

  it('finds that a source needs a registry that its connection lacks', async () => {
    const shape = { topics: ['t'], table: 'public.t', columns: { id: 'integer' } };
    const read = (schemaRegistry: unknown, stage: Readonly<Record<string, unknown>>) =>
      checkReading(
        {
          config: clusterConfig.parse({ brokers: ['none:1'], schemaRegistry }),
          stage: sourceStage.parse({ ...shape, ...stage }),
        },
        NEVER,
      );
    expect(await read(undefined, { format: 'avro' })).toMatchObject([
      { code: 'kafka.registry_missing', severity: 'error', pointer: '/format' },
    ]);
    expect(await read(undefined, { keyFormat: 'avro', key: ['id'] })).toMatchObject([
      { code: 'kafka.registry_missing' },
    ]);
    expect(await read({ url }, { format: 'json-schema' })).toMatchObject([
      { code: 'kafka.registry_reached', severity: 'ok' },
    ]);
    expect(await read(undefined, { format: 'cloudevents' })).toEqual([]);
  });
});
