import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Catalog } from '@millrace/catalog';
import { FiguresBoard } from '@millrace/cluster';
import { reloadGauge } from '@millrace/connector-contract';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { Redis } from 'ioredis';
import { connectorsOf } from '../src/connectors.ts';
import { runningFigures } from './running-figures.ts';
import { startApi, type TestApi } from './start-api.ts';

const TABLES = ['public.orders', 'public.lines', 'public.keyless'];
const NO_NEWS = { snapshots: [], point: undefined };

let api: TestApi;
let shop: TestDatabase;
let redis: Redis;
let jobId: string;

const options = ({ host, port, database, user, password }: TestDatabase['connection']) => ({
  host,
  port,
  database,
  user,
  ssl: 'disable',
  password: password ?? 'unused',
});
const loads = (name: string, body: unknown, headers?: Record<string, string>) =>
  api.request('POST', `/api/v1/jobs/${name}/loads`, body, headers);
const submit = async (name: string, stages: object, more: object = {}): Promise<string> => {
  const answer = await api.request('POST', '/api/v1/jobs?check=false', { name, stages, ...more });
  expect(answer.body.errors ?? []).toEqual([]);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body.id;
};
/** As a member tells them of the stage `rows`: the phase of each table, and how far loads are. */
const tell = async (phases: Readonly<Record<string, number>>, reloads: Readonly<Record<string, number>> = {}) => {
  const figures = runningFigures(jobId);
  const custom = {
    ...Object.fromEntries(Object.entries(phases).map(([table, phase]) => [`table.phase ${table}`, phase])),
    ...reloads,
  };
  const vertices = figures.vertices.map((vertex) => ({ ...vertex, vertex: 'rows', custom }));
  await new FiguresBoard(redis).tell({ ...figures, vertices }, NO_NEWS);
};

beforeAll(async () => {
  shop = await (await testPostgres()).createDatabase('shop');
  api = await startApi(await connectorsOf({}));
  redis = new Redis(api.redisUrl);
  await shop.query(`
    CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE lines (id int PRIMARY KEY); CREATE TABLE keyless (v int);
    INSERT INTO orders SELECT generate_series(1, 300); ANALYZE orders`);
  const config = options(shop.connection);
  await api.request('POST', '/api/v1/sources', { name: 'shop', type: 'postgres', config });
  await api.request('POST', '/api/v1/sources', { name: 'topics', type: 'kafka', config: { brokers: ['a:1'] } });
  await api.request('POST', '/api/v1/sinks', { name: 'warehouse', type: 'jdbc', config });
  await api.request('POST', '/api/v1/sinks', { name: 'log', type: 'jdbc', config });
  jobId = await submit('copy', {
    rows: { source: 'shop', tables: TABLES },
    unseen: { input: 'rows', deduplicate: { by: ['after.id'], within: '1m' } },
    copy: { input: 'rows', sink: 'warehouse' },
    history: { input: 'unseen', sink: 'log', mode: 'append' },
  });
});
afterAll(async () => {
  redis?.disconnect();
  await api?.[Symbol.asyncDispose]();
  await shop?.[Symbol.asyncDispose]();
});

describe('loading tables again', () => {
  it('says in a dry run what would happen, and does nothing', async () => {
    const { status, body } = await loads('copy', { tables: ['public.orders'], dryRun: true });
    expect({ status, body }).toMatchObject({
      status: 202,
      body: { dryRun: true, load: null, stage: 'rows', tables: [{ table: 'public.orders', rowsEstimate: 300 }] },
    });
    const effects: string = body.effects.join('\n');
    expect(effects).toContain('has and the source has not stay there');
    expect(effects).toContain('"unseen"');
    expect(effects).toContain('"history"');
    expect(effects).not.toContain('"copy"');
    expect((await api.request('GET', '/api/v1/jobs/copy/loads')).body.items).toEqual([]);
  });

  it('is asked for once with an idempotency key, and its progress is what the source tells', async () => {
    const request = { tables: ['public.orders'] };
    const key = { 'idempotency-key': 'reload-1' };
    const first = await loads('copy', request, key);
    expect(first).toMatchObject({ status: 202, body: { dryRun: false, load: { stage: 'rows', state: 'waiting' } } });
    expect((await loads('copy', request, key)).body).toEqual(first.body);
    const { id } = first.body.load;
    expect((await api.request('GET', '/api/v1/jobs/copy')).body.version).toBe(2);
    expect(await loads('copy', request)).toMatchObject({ status: 409, body: { code: 'table_load.is_loading' } });
    await tell({ 'public.orders': 1, 'public.lines': 2 }, Object.fromEntries([reloadGauge(id, 'loading')]));
    const list = async () => (await api.request('GET', '/api/v1/jobs/copy/loads')).body.items;
    expect(await list()).toMatchObject([
      { id, state: 'loading', finishedAt: null, tables: [{ table: 'public.orders', phase: 'loading' }] },
    ]);
    await api.app.get(Catalog).tableLoads.finish(jobId, id, 'done');
    expect(await list()).toMatchObject([{ id, state: 'done', finishedAt: expect.any(String) }]);
    const audit = await api.request('GET', '/api/v1/audit?action=job.load_tables');
    expect(audit.body.items.some(({ after }: { after?: { load?: string } }) => after?.load === id)).toBe(true);
  });

  it('is refused with a repair for what cannot be loaded', async () => {
    await tell({ 'public.orders': 2, 'public.lines': 0 });
    await submit(
      'none',
      { rows: { source: 'shop', tables: TABLES }, out: { input: 'rows', sink: 'warehouse' } },
      { guarantee: 'none' },
    );
    await submit('topics', {
      rows: { source: 'topics', topics: ['a'], table: 'public.a', columns: { id: 'bigint' } },
      out: { input: 'rows', sink: 'log' },
    });
    const ended = await submit('ended', {
      rows: { source: 'shop', tables: TABLES },
      out: { input: 'rows', sink: 'warehouse' },
    });
    await api.request('POST', `/api/v1/jobs/${ended}/cancel`);
    await submit('twice', {
      a: { source: 'shop', tables: ['public.orders'] },
      b: { source: 'shop', tables: ['public.orders'] },
      x: { input: 'a', sink: 'warehouse' },
      y: { input: 'b', sink: 'log' },
    });
    const refusals: [string, object, number, string][] = [
      ['copy', { tables: ['public.order'] }, 422, 'table_load.unknown_table'],
      ['copy', { tables: ['public.orders'], stage: 'row' }, 422, 'table_load.unclear_stage'],
      ['copy', { tables: ['public.lines'] }, 409, 'table_load.is_loading'],
      ['copy', { tables: ['public.keyless'] }, 422, 'table_load.not_possible'],
      ['none', { tables: ['public.orders'] }, 422, 'table_load.not_possible'],
      ['topics', { tables: ['a'] }, 422, 'table_load.not_possible'],
      ['ended', { tables: ['public.orders'] }, 409, 'job.wrong_state'],
      ['ended', { tables: ['public.orders'], dryRun: true }, 409, 'job.wrong_state'],
      ['twice', { tables: ['public.orders'] }, 422, 'table_load.unclear_stage'],
      ['absent', { tables: ['public.orders'] }, 404, 'job.unknown'],
    ];
    for (const [name, body, status, code] of refusals) {
      const answer = await loads(name, body);
      expect({ name, ...answer }).toMatchObject({ name, status, body: { code, mend: expect.stringMatching(/./) } });
    }
    expect(await loads('twice', { tables: ['public.orders'], stage: 'b' })).toMatchObject({ status: 202 });
    expect((await loads('copy', { tables: [] })).status).toBe(422);
  });
});
