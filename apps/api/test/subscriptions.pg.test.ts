import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { subscriptionSink } from '@millrace/connector-subscription';
import { systemClock, ulids } from '@millrace/kernel';
import { serverSentEvents } from '@millrace/sdk/client';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { insertBatches, numbers } from '@millrace/testing/acceptance';
import { DrivenSink } from '@millrace/testing/drivers';
import { connectorsOf } from '../src/connectors.ts';
import { startApi, type TestApi } from './start-api.ts';

let api: TestApi;
let shop: TestDatabase;
let baseUrl: string;

beforeAll(async () => {
  const server = await testPostgres();
  [shop, api] = await Promise.all([server.createDatabase('shop'), startApi(await connectorsOf({}))]);
  // As in a process of the api: the sink waits in the Redis of Millrace.
  process.env.MILLRACE_REDIS_URL = api.redisUrl;
  await shop.query('CREATE TABLE orders (id int PRIMARY KEY, note text)');
  const { host, port, database, user, password } = shop.connection;
  const config = { host, port, database, user, ssl: 'disable', password: password ?? 'none' };
  expect(await api.request('POST', '/api/v1/sources', { name: 'shop', type: 'postgres', config })).toMatchObject({
    status: 201,
  });
  await api.app.listen(0, '127.0.0.1');
  baseUrl = await api.app.getUrl();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await shop[Symbol.asyncDispose]();
});

const tables = ['public.orders'];

const subscribe = (name: string, more: object = {}) =>
  api.request('POST', '/api/v1/subscriptions', { name, source: 'shop', tables, ...more });

/** In the place of a worker. */
function startSink(jobId: string) {
  const { hostname: host, port } = new URL(api.redisUrl);
  return DrivenSink.start(subscriptionSink, { config: { host, port: Number(port) }, stage: {}, job: { jobId } });
}

type Change = [partition: number, number: number, shape: string, event: { after: { id: string } }];

/** Listens as an instance of a service does. */
async function attach(name: string) {
  const instance = ulids.next();
  const end = new AbortController();
  const response = await fetch(`${baseUrl}/api/v1/subscriptions/${name}/events?instance=${instance}`, {
    signal: end.signal,
  });
  const changes: Change[] = [];
  const epochs = new Map<number, number>();
  const reading = (async () => {
    for await (const { event, data } of serverSentEvents(response.body!)) {
      if (event === 'changes') changes.push(...(JSON.parse(data) as Change[]));
      if (event === 'assigned') {
        const { partition, epoch } = JSON.parse(data) as { partition: number; epoch: number };
        epochs.set(partition, epoch);
      }
    }
  })().catch(() => {});
  return {
    instance,
    changes,
    epochs,
    async count(count: number) {
      while (changes.length < count) await systemClock.sleep(5);
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await reading;
    },
  };
}

it('columns of tables are told for the types of a service', async () => {
  const path = '/api/v1/sources/shop/columns?tables=';
  expect((await api.request('GET', `${path}public.orders`)).body).toEqual({
    items: [
      {
        table: 'public.orders',
        columns: [
          { name: 'id', kind: 'integer', sqlType: 'integer', isKey: true, isNullable: false },
          { name: 'note', kind: 'text', sqlType: 'text', isKey: false, isNullable: true },
        ],
      },
    ],
  });
  expect(await api.request('GET', `${path}public.ordrs`)).toMatchObject({
    status: 422,
    body: { code: 'source.no_such_table', mend: expect.stringContaining('public.orders') },
  });
});

describe('subscriptions', () => {
  it('are jobs of a shape of their own: made, shown, listed, and deleted with what waits', async () => {
    const made = await subscribe('mailer', { operations: ['insert'], filter: "after.note <> ''" });
    expect(made).toMatchObject({ status: 201, body: { name: 'mailer', source: 'shop', partitions: 32 } });
    const { warnings: _, ...view } = made.body;
    const shown = await api.request('GET', '/api/v1/subscriptions/mailer');
    expect(shown.body).toEqual({ ...view, waiting: 0, instances: 0 });
    expect((await api.request('GET', '/api/v1/subscriptions')).body.items).toEqual([view]);
    const job = await api.request('GET', '/api/v1/jobs/mailer');
    expect(job.body.document.stages).toMatchObject({ wanted: { filter: "after.note <> ''" } });
    const deleted = await api.request('DELETE', '/api/v1/subscriptions/mailer');
    expect(deleted).toMatchObject({ status: 200, body: { name: 'mailer' } });
    expect(await api.request('GET', '/api/v1/subscriptions/mailer')).toMatchObject({ status: 404 });
  });

  it('say what is wrong', async () => {
    expect(await subscribe('bad', { tables: ['public.ordrs'] })).toMatchObject({ status: 422 });
    expect(await subscribe('bad', { source: 'shpo' })).toMatchObject({
      status: 422,
      body: { code: 'pipeline.invalid', errors: [{ code: 'source.unknown' }] },
    });
    expect(await subscribe('bad', { filter: 'after.nte = 1' })).toMatchObject({ status: 422 });
    expect(await subscribe('bad', { operations: ['upsert'] })).toMatchObject({ status: 422 });
    expect(await api.request('GET', '/api/v1/subscriptions/nobody')).toMatchObject({ status: 404 });
  });

  it('hand changes on, and start after what was acknowledged', async () => {
    const { body } = await subscribe('stock');
    await using sink = await startSink(body.id);
    {
      await using first = await attach('stock');
      await sink.write(...insertBatches(0, 20));
      await first.count(20);
      const newest = new Map(first.changes.map(([partition, number]) => [partition, number]));
      const acknowledged = [...newest].map(([partition, upTo]) => ({
        partition,
        epoch: first.epochs.get(partition)!,
        upTo,
      }));
      const report = { instance: first.instance, acknowledged, leaves: true };
      expect((await api.request('POST', '/api/v1/subscriptions/stock/report', report)).body).toEqual({
        isKnown: true,
        lost: [],
      });
    }
    await sink.write(...insertBatches(20, 40));
    await using next = await attach('stock');
    await next.count(20);
    const ids = next.changes.map(([, , , { after }]) => Number(after.id));
    expect(ids.toSorted((a, b) => a - b)).toEqual(numbers(20, 40));
    expect((await api.request('GET', '/api/v1/subscriptions/stock')).body).toMatchObject({ waiting: 20, instances: 1 });
  });

  it('keep what a handler gives up as a dead letter, and hand it on again when it is replayed', async () => {
    const { body } = await subscribe('billing');
    await using sink = await startSink(body.id);
    await sink.write(...insertBatches(0, 1));
    await using listening = await attach('billing');
    await listening.count(1);
    const refuse = (partition: number, number: number) =>
      api.request('POST', '/api/v1/subscriptions/billing/refusals', {
        instance: listening.instance,
        partition,
        epoch: listening.epochs.get(partition),
        number,
        message: 'no such customer',
        attempts: 3,
      });
    const [[partition, number]] = listening.changes as [Change];
    for (let times = 0; times < 2; times++)
      expect((await refuse(partition, number)).body).toEqual({ letter: `handlers.${number}` });
    const letters = '/api/v1/jobs/billing/dead-letters';
    const listed = await api.request('GET', letters);
    expect(listed.body.items).toMatchObject([
      { reason: 'handler.failed', message: 'no such customer', state: 'open', table: 'public.orders', attempts: 3 },
    ]);
    const edit = { after: { note: 'mended' } };
    expect(await api.request('PATCH', `${letters}/handlers.${number}`, edit)).toMatchObject({ status: 200 });
    await api.request('POST', `${letters}/replay`, { ids: [`handlers.${number}`] });
    await listening.count(2);
    const [again, next, , event] = listening.changes[1]!;
    expect(event).toMatchObject({ after: { id: '0', note: 'mended' } });
    expect(again).toBe(partition);
    expect((await refuse(again, next)).body).toEqual({ letter: `handlers.${number}` });
    expect((await api.request('GET', `${letters}/handlers.${number}`)).body).toMatchObject({
      state: 'open',
      attempts: 6,
    });
  });

  it('have nothing to give of what another instance has', async () => {
    const { body } = await subscribe('other');
    await using sink = await startSink(body.id);
    await sink.write(...insertBatches(0, 1));
    await using listening = await attach('other');
    await listening.count(1);
    const [[partition, number]] = listening.changes as [Change];
    const epoch = listening.epochs.get(partition)!;
    const refusal = { instance: ulids.next(), partition, epoch, number, message: 'x', attempts: 1 };
    const refused = await api.request('POST', '/api/v1/subscriptions/other/refusals', refusal);
    expect(refused.body).toEqual({ letter: null });
    const report = { instance: ulids.next(), acknowledged: [{ partition, epoch, upTo: number }] };
    expect((await api.request('POST', '/api/v1/subscriptions/other/report', report)).body).toEqual({
      isKnown: false,
      lost: [partition],
    });
  });
});
