import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Catalog } from '@millrace/catalog';
import { FiguresBoard } from '@millrace/cluster';
import { MASK, ulids } from '@millrace/kernel';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { Redis } from 'ioredis';
import pg from 'pg';
import { connectorsOf } from '../src/connectors.ts';
import { SourceSlots } from '../src/live/overview/source-slots.ts';
import { runningFigures } from './running-figures.ts';
import { startApi, type TestApi } from './start-api.ts';

const PASSWORD = 'planted-secret-43';

let api: TestApi;
let shop: TestDatabase;
let client: pg.Client;
let config: Readonly<Record<string, unknown>>;
const slots: string[] = [];

beforeAll(async () => {
  api = await startApi(await connectorsOf({}));
  shop = await (await testPostgres()).createDatabase('shop');
  client = new pg.Client(shop.url);
  await client.connect();
  await client.query(`
    CREATE TABLE public.orders (id int PRIMARY KEY, total numeric);
    INSERT INTO public.orders SELECT i, i FROM generate_series(1, 500) i;
    CREATE TABLE public.notes (body text);
    ANALYZE`);
  const { host, port, user, password, database } = shop.connection;
  config = { host, port, user, database, ssl: 'disable', password: password || PASSWORD };
});

afterAll(async () => {
  for (const slot of slots)
    await client.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1', [
      slot,
    ]);
  await client.end();
  await api[Symbol.asyncDispose]();
  await shop[Symbol.asyncDispose]();
});

const openSlot = async (name: string): Promise<void> => {
  await client.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [name]);
  slots.push(name);
};

describe('a probe', () => {
  it('says what a source lacks and which tables it has, and keeps nothing', async () => {
    const { status, body } = await api.request('POST', '/api/v1/sources/probe', { type: 'postgres', config });
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, tables: { isCut: false } });
    const [notes, orders] = body.tables.items;
    expect(orders).toMatchObject({
      id: 'public.orders',
      rowsEstimate: 500,
      bytes: expect.any(Number),
      key: ['id'],
      replicaIdentity: 'default',
      findings: [],
    });
    expect(notes).toMatchObject({
      id: 'public.notes',
      key: [],
      findings: [
        { code: 'postgres.no_replica_identity', severity: 'warning', mend: expect.stringContaining('ALTER TABLE') },
      ],
    });
    expect((await api.request('GET', '/api/v1/sources')).body.items).toEqual([]);
    expect(JSON.stringify(body)).not.toContain(PASSWORD);
  });

  it('tells what is wrong with a connection once, and refuses options that make no sense', async () => {
    const away = { ...config, port: 1 };
    const { status, body } = await api.request('POST', '/api/v1/sources/probe', { type: 'postgres', config: away });
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: false, tables: null });
    expect(body.findings).toHaveLength(1);
    const masked = { ...config, password: MASK, colour: 'red' };
    expect(await api.request('POST', '/api/v1/sources/probe', { type: 'postgres', config: masked })).toMatchObject({
      status: 422,
      body: { errors: [expect.anything(), expect.objectContaining({ pointer: '/config/password' })] },
    });
    expect(api.said.join('\n')).not.toContain(PASSWORD);
  });

  it('of a sink is its preflight', async () => {
    const sink = await api.request('POST', '/api/v1/sinks/probe', { type: 'jdbc', config });
    expect(sink).toMatchObject({ status: 200, body: { ok: true } });
    expect(Object.keys(sink.body)).toEqual(['ok', 'findings']);
  });
});

describe('a source', () => {
  it('lists tables and slots; of those only orphans are dropped, and only by name', async () => {
    await api.request('POST', '/api/v1/sources', { name: 'shop', type: 'postgres', config });
    const { body: found } = await api.request('GET', '/api/v1/sources/shop/tables');
    expect(found.items.map(({ id }: { id: string }) => id)).toEqual(['public.notes', 'public.orders']);

    const stages = { orders: { source: 'shop', tables: ['public.orders'] } };
    const job = ulids.next();
    const document = { name: 'owner', stages };
    await api.app.get(Catalog).jobs.create(job, { name: 'owner', document, uses: { source: ['shop'], sink: [] } });
    const owned = `millrace_${job.toLowerCase()}_orders`;
    const orphan = `millrace_${ulids.next().toLowerCase()}_orders`;
    const foreign = `other_${job.toLowerCase()}`;
    for (const slot of [owned, orphan, foreign]) await openSlot(slot);
    const { body } = await api.request('GET', '/api/v1/sources/shop/slots');
    const shown = Object.fromEntries(body.items.map((slot: { name: string }) => [slot.name, slot]));
    expect(Object.keys(shown).sort()).toEqual([owned, orphan].sort());
    expect(shown[owned]).toMatchObject({
      job: { id: job, name: 'owner' },
      isActive: false,
      retainedBytes: expect.any(Number),
      state: 'reserved',
    });
    expect(shown[orphan].job).toBeNull();

    // The overview asks in the background.
    await api.request('GET', '/api/v1/overview');
    await api.app.get(SourceSlots).settled();
    const overview = (await api.request('GET', '/api/v1/overview')).body;
    expect(overview.sources).toMatchObject([{ name: 'shop', slots: 2, trouble: null }]);
    expect(overview.problems).toContainEqual(
      expect.objectContaining({
        code: 'slot.orphan',
        message: expect.stringContaining(orphan),
        mend: expect.stringContaining(`confirm=${orphan}`),
        since: expect.stringMatching(/Z$/),
        target: expect.objectContaining({ kind: 'source', name: 'shop' }),
      }),
    );

    const drop = (slot: string, confirm: string) =>
      api.request('DELETE', `/api/v1/sources/shop/slots/${slot}?confirm=${confirm}`);
    expect(await drop(orphan, 'yes')).toMatchObject({ status: 400, body: { code: 'slot.not_confirmed' } });
    expect(await drop(owned, owned)).toMatchObject({ status: 409, body: { code: 'slot.in_use' } });
    expect(await drop(foreign, foreign)).toMatchObject({ status: 404, body: { code: 'slot.unknown' } });
    expect((await drop(orphan, orphan)).status).toBe(204);
    const left = (await api.request('GET', '/api/v1/sources/shop/slots')).body.items;
    expect(left.map(({ name }: { name: string }) => name)).toEqual([owned]);
  });

  it('whose type has neither says so', async () => {
    await api.request('POST', '/api/v1/sources', { name: 'bus', type: 'kafka', config: { brokers: ['127.0.0.1:1'] } });
    for (const what of ['tables', 'slots'])
      expect(await api.request('GET', `/api/v1/sources/bus/${what}`)).toMatchObject({
        status: 422,
        body: { code: 'source.cannot_tell' },
      });
  });
});

describe('tables of a job', () => {
  it('are in the phase that their source tells', async () => {
    const id = ulids.next();
    const tables = ['public.orders', 'public.notes', 'public.later'];
    const document = { name: 'loads', stages: { orders: { source: 'shop', tables } } };
    await api.app.get(Catalog).jobs.create(id, { name: 'loads', document, uses: { source: ['shop'], sink: [] } });
    const read = async () => (await api.request('GET', '/api/v1/jobs/loads/tables')).body.items;
    expect((await read()).map(({ phase }: { phase: string }) => phase)).toEqual(['unknown', 'unknown', 'unknown']);
    const custom = {
      'table.phase public.orders': 1,
      'table.rows public.orders': 100,
      'table.estimate public.orders': 500,
      'table.rate public.orders': 50,
      'table.phase public.notes': 2,
      'table.rows public.notes': 7,
      'table.estimate public.notes': -1,
      'table.rate public.notes': 0,
    };
    const figures = runningFigures(id);
    const [source] = figures.vertices;
    const redis = new Redis(api.redisUrl);
    const board = new FiguresBoard(redis);
    await board.tell({ ...figures, vertices: [{ ...source!, custom }] }, { snapshots: [], point: undefined });
    expect(await read()).toMatchObject([
      { table: 'public.orders', phase: 'loading', rows: 100, rowsEstimate: 500, rowsPerSecond: 50, etaMs: 8_000 },
      { table: 'public.notes', phase: 'streaming', rows: 7, rowsEstimate: null, etaMs: null },
      { table: 'public.later', phase: 'unknown', rows: null },
    ]);
    await board.forget(id);
    redis.disconnect();
  });
});
