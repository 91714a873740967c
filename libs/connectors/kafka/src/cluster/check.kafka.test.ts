import { beforeAll, describe, expect, it } from '@jest/globals';
import type { TableSchema } from '@millrace/formats';
import { freePort, type SharedKafka, testKafka } from '@millrace/testing';
import { clusterConfig, sinkStage } from '../config.ts';
import { kafkaSink } from '../connector.ts';
import { JOB } from '../test-support/drive.ts';
import { tableOf } from '../test-support/events.ts';
import { newTopic } from '../test-support/test-cluster.ts';

const { signal } = new AbortController();
let kafka: SharedKafka;

beforeAll(async () => {
  kafka = await testKafka();
});

const checked = async (config: object) => await kafkaSink.check(clusterConfig.parse(config), signal);

async function stageChecked(stage: object, tables: readonly TableSchema[] = [tableOf('orders')]) {
  const options = {
    config: clusterConfig.parse({ brokers: [kafka.brokers] }),
    stage: sinkStage.parse(stage),
    job: JOB,
  };
  const findings = await kafkaSink.checkStage(options, { tables }, signal);
  return findings.map(({ code, severity, pointer }) => [severity, code, pointer]);
}

describe('the check of a cluster', () => {
  it('says that it is reached, and speaks what is needed', async () => {
    expect(await checked({ brokers: [kafka.brokers] })).toMatchObject([
      { code: 'kafka.brokers_reached', severity: 'ok' },
    ]);
  });

  it('says which addresses do not answer, and that a login is refused', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const [unreachable] = await checked({ brokers: [address] });
    expect(unreachable).toMatchObject({ code: 'kafka.unreachable', severity: 'error', pointer: '/brokers' });
    expect(unreachable!.message).toContain(address);
    // A stage without tables asks no topic: it is the settings that are asked for first.
    const options = { config: clusterConfig.parse({ brokers: [address] }), stage: sinkStage.parse({}), job: JOB };
    const found = await kafkaSink.checkStage(options, { tables: [] }, signal);
    expect(found.map(({ code }) => code)).toContain('kafka.not_available');
    const sasl = { mechanism: 'PLAIN', username: 'nobody' };
    expect(await checked({ brokers: [kafka.saslBrokers], sasl, password: 'planted' })).toMatchObject([
      { code: 'kafka.login_refused', severity: 'error', message: expect.not.stringContaining('planted') },
    ]);
  });

  it.each([
    ['brokers: []', { brokers: [] }],
    ['an address without port', { brokers: ['kafka-1'] }],
    ['an unknown option', { brokers: ['a:1'], clientId: 'x' }],
    ['an unknown mechanism', { brokers: ['a:1'], sasl: { mechanism: 'GSSAPI', username: 'x' } }],
  ])('refuses %s', (_what, config) => {
    expect(clusterConfig.safeParse(config).success).toBe(false);
  });
});

describe('the check of a stage', () => {
  it('finds topics, says which are missing and which will be made', async () => {
    const topic = await newTopic(kafka.brokers);
    expect(await stageChecked({ topic })).toEqual([['ok', 'kafka.topic_found', undefined]]);
    const missing = `${topic}-missing`;
    expect(await stageChecked({ topic: missing })).toEqual([['error', 'kafka.topic_missing', '/topic']]);
    expect(await stageChecked({ topic: missing, createTopics: {} })).toEqual([['ok', 'kafka.topic_made', undefined]]);
  });

  it('looks at keys: columns that are missing, that deletes lack, and tables without', async () => {
    const topic = await newTopic(kafka.brokers);
    const keyless = tableOf('log', false);
    const found = ['ok', 'kafka.topic_found', undefined];
    expect(await stageChecked({ topic, key: ['nope'] })).toEqual([
      ['error', 'kafka.key_column_missing', '/key'],
      found,
    ]);
    expect(await stageChecked({ topic, key: ['note'] })).toEqual([
      ['error', 'kafka.key_column_not_sent', '/key'],
      found,
    ]);
    expect(await stageChecked({ topic, key: ['note'] }, [keyless])).toEqual([found]);
    expect(await stageChecked({ topic, format: 'json' }, [keyless])).toEqual([
      ['error', 'kafka.deletes_need_key', '/key'],
      found,
    ]);
    expect(await stageChecked({ topic }, [keyless])).toEqual([found]);
  });

  it('compares the transaction timeout with what the brokers allow', async () => {
    const topic = await newTopic(kafka.brokers);
    expect(await stageChecked({ topic, transactionTimeout: '16m' })).toContainEqual([
      'error',
      'kafka.transaction_timeout_too_long',
      '/transactionTimeout',
    ]);
  });

  it.each([
    ['an unknown placeholder', { topic: '{nope}' }],
    ['a name that no topic can have', { topic: 'a b' }],
    ['an unknown option', { topics: 'x' }],
    ['an unknown format', { format: 'protobuf' }],
    ['batches that are too large', { batchBytes: '1GiB' }],
  ])('refuses %s', (_what, stage) => {
    expect(sinkStage.safeParse(stage).success).toBe(false);
  });
});
