import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testKafka, testPostgres } from '@millrace/testing';
import { connectorsOf } from '../src/connectors.ts';
import { startApi, type TestApi } from './start-api.ts';

let api: TestApi;
let shop: TestDatabase;

beforeAll(async () => {
  const [server, kafka] = await Promise.all([testPostgres(), testKafka()]);
  [shop, api] = await Promise.all([server.createDatabase('shop'), startApi(await connectorsOf({}))]);
  await shop.query('CREATE TABLE orders (id int PRIMARY KEY, total numeric)');
  const { host, port, database, user, password } = shop.connection;
  const config = { host, port, database, user, ssl: 'disable', password: password ?? 'none' };
  for (const [path, definition] of [
    ['sources', { name: 'shop', type: 'postgres', config }],
    ['sinks', { name: 'events', type: 'kafka', config: { brokers: [kafka.brokers] } }],
  ] as const) {
    expect(await api.request('POST', `/api/v1/${path}`, definition)).toMatchObject({ status: 201 });
  }
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await shop[Symbol.asyncDispose]();
});

const job = (name: string, between: object) =>
  api.request('POST', '/api/v1/jobs', {
    name,
    stages: {
      orders: { source: 'shop', tables: ['public.orders'] },
      between: { input: 'orders', ...between },
      out: { input: 'between', sink: 'events', topic: 'never-made', createTopics: {}, commit: 'continuous' },
    },
  });

describe('continuous commits of the kafka sink', () => {
  it('are refused behind a stage that makes rows of its own', async () => {
    const answer = await job('totals', { aggregate: { total: 'sum(total)' }, groupBy: ['id'] });
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'kafka.not_linear', pointer: '/stages/out/commit' }] },
    });
  });

  it('are taken behind stages that hand events on', async () => {
    expect(await job('large', { filter: 'total > 100' })).toMatchObject({ status: 201 });
  });
});
