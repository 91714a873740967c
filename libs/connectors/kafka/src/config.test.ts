import { describe, expect, it } from '@jest/globals';
import { secretFields } from '@millrace/connector-contract';
import { clusterConfig, sinkStage } from './config.ts';
import { sourceStage } from './source/source-stage.ts';

const messages = (result: {
  readonly error?: { readonly issues: readonly { path: PropertyKey[]; message: string }[] } | undefined;
}) => result.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('options of formats', () => {
  it.each([
    [{ format: 'json', avro: {} }, 'avro: only with format or keyFormat avro'],
    [{ format: 'json', cloudEvents: {} }, 'cloudEvents: only with format cloudevents'],
    [{ format: 'json', value: 'x' }, 'value: only with format plain'],
    [{ subjects: 'record-name' }, 'subjects: only with format or keyFormat avro or json-schema'],
    [{ registerSchemas: true }, 'registerSchemas: only with format or keyFormat avro or json-schema'],
    [
      { format: 'cloudevents', keyFormat: 'avro' },
      'keyFormat: json or plain with cloudevents: the key is the attribute partitionkey, a text',
    ],
    [
      { format: 'cloudevents', cloudEvents: { type: '{what}' } },
      'cloudEvents.type: {what} is not known; use {schema}, {table}, {op}',
    ],
    [{ format: 'avro', avro: { namespace: 'a b' } }, 'avro.namespace: names with dots between'],
  ])('refuse %j', (stage, message) => {
    expect(messages(sinkStage.safeParse(stage))).toEqual([message]);
  });

  it.each([
    { format: 'avro', avro: { numeric: 'string' }, subjects: 'record-name', registerSchemas: false },
    { format: 'json', keyFormat: 'avro', avro: {} },
    { format: 'cloudevents', cloudEvents: { mode: 'binary' }, keyFormat: 'plain' },
    { format: 'plain', value: 'body' },
  ])('take %j', (stage) => {
    expect(messages(sinkStage.safeParse(stage))).toBeUndefined();
  });
});

describe('options of formats of a source', () => {
  const shape = { topics: ['t'], table: 'public.t', columns: { id: 'text', body: 'text' } };
  const plain = 'key: one column: a plain key is its value';

  it.each([
    [{ resolve: 'latest' }, ['resolve: only with format avro']],
    [{ format: 'avro', keyFormat: 'json' }, ['keyFormat: only with a key']],
    [{ format: 'plain' }, [plain]],
    [{ format: 'plain', key: ['id', 'body'] }, [plain]],
    [{ keyFormat: 'plain', key: ['id', 'body'] }, [plain]],
    [
      { format: 'plain', key: ['id'], columns: { id: 'text' } },
      ['columns: two columns with format plain: that of the key, and one for the value'],
    ],
  ])('refuse %j', (stage, expected) => {
    expect(messages(sourceStage.safeParse({ ...shape, ...stage }))).toEqual(expected);
  });

  it.each([
    { format: 'avro', keyFormat: 'json', key: ['id'], resolve: 'latest' },
    { format: 'plain', key: ['id'] },
    { format: 'cloudevents' },
  ])('take %j', (stage) => {
    expect(messages(sourceStage.safeParse({ ...shape, ...stage }))).toBeUndefined();
  });
});

describe('the registry of a connection', () => {
  const brokers = ['a:1'];

  it('has a secret password, and no slash at its end', () => {
    expect(secretFields(clusterConfig)).toEqual(['tlsKey', 'password', 'registryPassword']);
    expect(clusterConfig.parse({ brokers, schemaRegistry: { url: 'http://r:8081/' } }).schemaRegistry?.url).toBe(
      'http://r:8081',
    );
  });

  it.each([
    [{ registryPassword: 'x' }, 'registryPassword: a password without a user: set schemaRegistry.username'],
    [{ schemaRegistry: { url: 'http://ada:secret@r:8081' } }, 'schemaRegistry.url: no user here: that is username'],
    [{ schemaRegistry: { url: 'r:8081' } }, 'schemaRegistry.url: an address, such as http://registry.internal:8081'],
  ])('refuses %j', (config, message) => {
    expect(messages(clusterConfig.safeParse({ brokers, ...config }))).toEqual([message]);
  });
});
