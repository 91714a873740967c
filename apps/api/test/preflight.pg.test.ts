import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresServer, type TestDatabase, testPostgres } from '@millrace/testing';
import { connectorsOf } from '../src/connectors.ts';
import { type Answer, startApi, type TestApi } from './start-api.ts';

const PASSWORD = 'correct-horse-battery';

let api: TestApi;
let shop: TestDatabase;
let warehouse: TestDatabase;

/** Options of a definition that leads to a test database. */
const options = ({ connection }: TestDatabase, rest: object = {}) => ({
  host: connection.host,
  port: connection.port,
  database: connection.database,
  user: connection.user,
  ssl: 'disable',
  password: connection.password ?? PASSWORD,
  ...rest,
});

const register = (path: 'sources' | 'sinks', name: string, config: object) =>
  api.request('POST', `/api/v1/${path}`, { name, type: path === 'sources' ? 'postgres' : 'jdbc', config });

const job = (name: string, stages: object) => api.request('POST', '/api/v1/jobs', { name, stages });
const copy = (source: string, tables: readonly string[], sink = 'warehouse') => ({
  orders: { source, tables },
  out: { input: 'orders', sink },
});

beforeAll(async () => {
  const server = await testPostgres();
  [shop, warehouse, api] = await Promise.all([
    server.createDatabase('shop'),
    server.createDatabase('warehouse'),
    startApi(await connectorsOf({})),
  ]);
  await shop.query(`
    CREATE TABLE orders (id int PRIMARY KEY, total numeric);
    CREATE TABLE keyless (id int, total numeric);
    INSERT INTO orders VALUES (1, 2)`);
  for (const answer of [
    await register('sources', 'shop', options(shop)),
    await register('sinks', 'warehouse', options(warehouse)),
  ]) {
    expect(answer.status).toBe(201);
  }
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await shop[Symbol.asyncDispose]();
  await warehouse[Symbol.asyncDispose]();
});

/** One refusal of the whole job, each error with a code, a place and a repair; gives back the codes. */
function refusal(answer: Answer): readonly { code: string; pointer: string; mend: string; detail: string }[] {
  expect(answer).toMatchObject({ status: 422, headers: { 'content-type': 'application/problem+json; charset=utf-8' } });
  expect(answer.body.code).toBe('job.preflight_failed');
  for (const error of answer.body.errors) {
    expect(error).toMatchObject({
      code: expect.stringMatching(/\./),
      mend: expect.stringMatching(/./),
      pointer: expect.stringMatching(/^\/stages\//),
    });
  }
  return answer.body.errors;
}

it('a source that may lose rows is said to, before the job is created', async () => {
  const config = { listen: '127.0.0.1:1', token: 'let-me-in-let-me-in' };
  expect((await api.request('POST', '/api/v1/sources', { name: 'door', type: 'http', config })).status).toBe(201);
  const received = {
    source: 'door',
    table: 'public.calls',
    columns: { id: 'integer' },
    key: ['id'],
    answer: 'at-once',
  };
  const answer = await job('calls', { received, out: { input: 'received', sink: 'warehouse' } });
  expect(answer).toMatchObject({
    status: 201,
    body: { warnings: [{ code: 'job.source_may_lose', pointer: '/stages/received/answer' }] },
  });
  expect(answer.body.warnings[0].mend).toBe('If no row may be lost, use another source or answer.');

  const listen = { listen: '127.0.0.1:1', anonymous: true };
  expect((await api.request('POST', '/api/v1/sinks', { name: 'line', type: 'sockets', config: listen })).status).toBe(
    201,
  );
  const out = { input: 'received', sink: 'line' };
  const ofSink = await job('calls-out', { received: { ...received, answer: 'after-snapshot' }, out });
  expect(ofSink.body.warnings).toContainEqual(
    expect.objectContaining({ code: 'job.sink_may_lose', pointer: '/stages/out/acknowledge' }),
  );
});

it('a table that cannot be held as a whole is told of', async () => {
  const enrich = {
    source: 'shop',
    table: 'public.orders',
    on: { id: 'after.id' },
    select: { more: 'total' },
    hold: {},
  };
  const orders = { source: 'shop', tables: ['public.orders'] };
  const answer = await job('held', {
    orders,
    more: { input: 'orders', enrich },
    out: { input: 'more', sink: 'warehouse' },
  });
  expect(answer.body.errors).toContainEqual(
    expect.objectContaining({ code: 'source.holds_no_tables', pointer: '/stages/more/enrich/hold' }),
  );
});

describe('the real connectors', () => {
  it('are in the catalogue', async () => {
    const { body } = await api.request('GET', '/api/v1/connectors');
    expect(body.items.map(({ role, type }: { role: string; type: string }) => `${role} ${type}`)).toEqual([
      'source postgres',
      'source kafka',
      'source nats',
      'source amqp',
      'source mqtt',
      'source bullmq',
      'source s3',
      'source files',
      'source jdbc',
      'source redis',
      'source http',
      'source sockets',
      'sink jdbc',
      'sink files',
      'sink http',
      'sink sockets',
      'sink kafka',
      'sink redis',
      'sink nats',
      'sink amqp',
      'sink mqtt',
      'sink opensearch',
      'sink bullmq',
      'sink s3',
      'sink subscription',
    ]);
    const ofType = (...types: string[]) => body.items.filter(({ type }: { type: string }) => types.includes(type));
    for (const { config } of ofType('postgres', 'jdbc'))
      expect(config.properties.password).toMatchObject({ 'x-millrace-secret': true });
    for (const { config } of ofType('s3'))
      expect(config.properties.secretAccessKey).toMatchObject({ 'x-millrace-secret': true });
  });

  it('find nothing wrong with what is right', async () => {
    for (const path of ['sources/shop', 'sinks/warehouse']) {
      expect(await api.request('POST', `/api/v1/${path}/check`)).toMatchObject({ status: 200, body: { ok: true } });
    }
    const made = await job('right', copy('shop', ['public.orders']));
    expect(made).toMatchObject({ status: 201 });
    await api.request('POST', '/api/v1/jobs/right/cancel');
    expect(await api.request('DELETE', '/api/v1/jobs/right')).toMatchObject({ status: 200, body: { leftovers: [] } });
  });

  it('find an address where nobody is, at both ends at once', async () => {
    await register('sources', 'nobody', options(shop, { port: 1 }));
    await register('sinks', 'nobody', options(warehouse, { port: 1 }));
    const errors = refusal(await job('nobody', copy('nobody', ['public.orders'], 'nobody')));
    expect(errors.map(({ pointer }) => pointer)).toEqual(['/stages/orders/source', '/stages/out/sink']);
    for (const { code } of errors) expect(code).toMatch(/unreachable/);
    expect((await api.request('POST', '/api/v1/sources/nobody/check')).body).toMatchObject({ ok: false });
  });

  it('find a database and a table that are not there', async () => {
    await register('sources', 'elsewhere', options(shop, { database: 'no_such_db' }));
    expect(refusal(await job('elsewhere', copy('elsewhere', ['public.orders'])))).toMatchObject([
      { code: 'postgres.no_such_database', pointer: '/stages/orders/source' },
    ]);
    expect(refusal(await job('table', copy('shop', ['public.orders', 'public.ordesr'])))).toMatchObject([
      { code: 'postgres.no_such_table', pointer: '/stages/orders/tables/1', detail: expect.stringContaining('ordesr') },
    ]);
  });

  it('find a table without a key for upsert', async () => {
    const [error] = refusal(await job('keyless', copy('shop', ['public.keyless'])));
    expect(error!.detail).toContain('keyless');
    expect(error!.code).toMatch(/key/);
  });

  it('find a column that the table does not have', async () => {
    const stages = {
      ...copy('shop', ['public.orders']),
      slim: { input: 'orders', select: { id: 'after.id', t: 'after.totl' } },
      out: { input: 'slim', sink: 'warehouse' },
    };
    expect(refusal(await job('column', stages))).toMatchObject([
      { code: 'pipeline.select_unknown_column', pointer: '/stages/slim/select/t', mend: 'Did you mean total?' },
    ]);
  });

  it('find a wrong password', async () => {
    await using server = await PostgresServer.start();
    await using other = await server.createDatabase('other');
    await other.query(`CREATE ROLE guarded SUPERUSER LOGIN PASSWORD 'right-password'`);
    const rules = 'host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n';
    await writeFile(join(server.directory, 'data', 'pg_hba.conf'), rules);
    await server.restart();
    await register('sources', 'guarded', options(other, { user: 'guarded', password: PASSWORD }));
    expect((await api.request('POST', '/api/v1/sources/guarded/check')).body).toMatchObject({
      ok: false,
      findings: [{ code: 'postgres.authentication_failed', severity: 'error', mend: expect.stringMatching(/./) }],
    });
    const [error] = refusal(await job('guarded', copy('guarded', ['public.orders'])));
    expect(error).toMatchObject({ code: 'postgres.authentication_failed', pointer: '/stages/orders/source' });
    await api.request('PATCH', '/api/v1/sources/guarded', { config: { password: 'right-password' } });
    expect((await api.request('POST', '/api/v1/sources/guarded/check')).body.ok).toBe(true);
  });

  it('find missing rights and wal_level, with the SQL', async () => {
    await using server = await PostgresServer.start({ settings: { wal_level: 'replica' } });
    await using other = await server.createDatabase('other');
    await other.query(`CREATE TABLE orders (id int PRIMARY KEY)`);
    await register('sources', 'replica', options(other));
    const level = await api.request('POST', '/api/v1/sources/replica/check');
    expect(level.body.ok).toBe(false);
    expect(JSON.stringify(level.body.findings)).toMatch(/ALTER SYSTEM SET wal_level/);
    expect(JSON.stringify(refusal(await job('replica', copy('replica', ['public.orders']))))).toMatch(
      /ALTER SYSTEM SET wal_level/,
    );

    await shop.query(`DROP ROLE IF EXISTS millrace_weak; CREATE ROLE millrace_weak LOGIN PASSWORD '${PASSWORD}'`);
    await register('sources', 'weak', options(shop, { user: 'millrace_weak', password: PASSWORD }));
    const rights = await api.request('POST', '/api/v1/sources/weak/check');
    expect(JSON.stringify(rights.body.findings)).toMatch(/ALTER ROLE .*REPLICATION/);
    expect(JSON.stringify(refusal(await job('weak', copy('weak', ['public.orders']))))).toMatch(/GRANT SELECT/);
    await shop.query('DROP ROLE millrace_weak');
  });

  it('never said a password', () => {
    expect(api.said.filter((text) => text.includes(PASSWORD))).toEqual([]);
  });
});
