import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { freePort, RedisServer, type TestDatabase, testPostgres } from '@millrace/testing';
import { Redis } from 'ioredis';
import { connectorsOf } from '../../apps/api/src/connectors.ts';
import { type Answer, startApi, type TestApi } from '../../apps/api/test/start-api.ts';
import { WorkerProcess } from '../../apps/worker/test/worker-process.ts';

const WAIT_MS_MAX = 120_000;

/** Secrets that people put into places made for them; nobody may ever read them again. */
const planted: string[] = [];
const plant = (what: string): string => {
  const secret = `planted-${what}-${randomBytes(9).toString('hex')}`;
  planted.push(secret);
  return secret;
};

const SECRET_KEY = randomBytes(32).toString('base64');
planted.push(SECRET_KEY);
const [IN_ENV, METADATA, SHOP, WAREHOUSE] = ['env', 'metadata', 'shop', 'warehouse'].map(plant) as [
  string,
  string,
  string,
  string,
];

let api: TestApi;
let redisServer: RedisServer;
let source: TestDatabase;
let target: TestDatabase;
let worker: WorkerProcess;
let admin: string;
let closedPort: number;
/** What was said since the keys were handed out; the answers that hand one out are the only ones that may have it. */
const heard: string[] = [];
/** Keys and cookies. */
const issued: string[] = [];

const withPassword = (url: string, password: string): string => Object.assign(new URL(url), { password }).toString();

beforeAll(async () => {
  const postgres = await testPostgres();
  [source, target] = await Promise.all([postgres.createDatabase('shop'), postgres.createDatabase('warehouse')]);
  redisServer = await RedisServer.start();
  closedPort = await freePort();
  const env = { MILLRACE_SECRET_KEY: SECRET_KEY, MILLRACE_REDIS_URL: redisServer.url, PLANTED: IN_ENV };
  api = await startApi(await connectorsOf({}), env);
  await source.query('CREATE TABLE public.items (id int PRIMARY KEY, body text)');
  await source.query(`INSERT INTO public.items SELECT i, 'row ' || i FROM generate_series(1, 100) i`);
  worker = new WorkerProcess({
    ...env,
    MILLRACE_DATABASE_URL: withPassword(api.database.url, METADATA),
    MILLRACE_LOG_LEVEL: 'debug',
  });
});
afterAll(async () => {
  await worker?.kill('SIGKILL');
  await api?.[Symbol.asyncDispose]();
  await redisServer?.[Symbol.asyncDispose]();
  await Promise.all([source, target].map((database) => database?.[Symbol.asyncDispose]()));
});

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

async function call(method: string, path: string, body?: unknown, headers = bearer(admin)): Promise<Answer> {
  const answer = await api.request(method, path, body, headers);
  heard.push(`${method} ${path.slice(0, 40)}: ${JSON.stringify(answer.headers)} ${answer.text}`);
  return answer;
}

/** An answer that may have one secret, this once: it is taken out of what was heard. */
async function issue(method: string, path: string, body: unknown, headers?: Record<string, string>): Promise<string> {
  const answer = await api.request(method, path, body, headers);
  const secret = answer.body.key as string;
  issued.push(secret);
  api.said.splice(api.said.length - 1, 1);
  heard.push(answer.text.replace(secret, ''));
  return secret;
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = systemClock.monotonicMs() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadline) {
      const { text } = await api.request('GET', '/api/v1/jobs/copy', undefined, bearer(admin));
      throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}\n${text}\n${worker.lines.slice(-20).join('\n')}`);
    }
    await systemClock.sleep(50);
  }
}

const options = ({ host, port, user, database }: TestDatabase['connection'], password: string) => ({
  host,
  port,
  user,
  database,
  password,
  ssl: 'disable',
});

describe('planted secrets', () => {
  it('go in as keys, sessions, passwords, tokens, in wrong places and with failures', async () => {
    admin = await issue('POST', '/api/v1/first-key', {});
    for (const role of ['viewer', 'admin'])
      await issue('POST', '/api/v1/api-keys', { name: role, role }, bearer(admin));
    await issue('POST', '/api/v1/api-keys/viewer/rotate', { oldKeyWorksFor: '1h' }, bearer(admin));
    await call('DELETE', '/api/v1/api-keys/viewer');
    const session = await api.request('POST', '/api/v1/session', { key: admin });
    issued.push(String(session.headers['set-cookie']).split(/[=;]/)[1]!);
    api.said.splice(api.said.length - 1, 1);
    heard.push(session.text);
    await call('GET', '/api/v1/me', undefined, { cookie: `millrace_session=${issued.at(-1)}` });

    // Where they belong.
    await call(
      'POST',
      '/api/v1/sources',
      { name: 'shop', type: 'postgres', config: options(source.connection, SHOP) },
      { ...bearer(admin), 'idempotency-key': 'k' },
    );
    await call('POST', '/api/v1/sinks', { name: 'wh', type: 'jdbc', config: options(target.connection, WAREHOUSE) });
    const away = { ...options(target.connection, plant('away')), port: closedPort };
    await call('POST', '/api/v1/sinks', { name: 'away', type: 'jdbc', config: away });
    await call('POST', '/api/v1/sources', {
      name: 'by-env',
      type: 'postgres',
      config: { ...away, password: '${env:PLANTED}' },
    });
    await call('POST', '/api/v1/sinks', {
      name: 'kafka',
      type: 'kafka',
      config: {
        brokers: [`127.0.0.1:${closedPort}`],
        sasl: 'plain',
        user: 'u',
        password: plant('kafka'),
        ssl: 'disable',
      },
    });
    await call('POST', '/api/v1/sinks', {
      name: 's3',
      type: 's3',
      config: {
        endpoint: `http://127.0.0.1:${closedPort}`,
        bucket: 'b',
        accessKeyId: 'a',
        secretAccessKey: plant('s3'),
      },
    });
    for (const [path, name] of [
      ['sources', 'shop'],
      ['sources', 'by-env'],
      ['sinks', 'away'],
      ['sinks', 'kafka'],
      ['sinks', 's3'],
    ])
      await call('POST', `/api/v1/${path}/${name}/check`);
    for (const host of ['127.0.0.1', 'no-such-host.invalid'])
      await call('POST', '/api/v1/sources/probe', {
        type: 'postgres',
        config: { ...away, host, password: plant('probe') },
      });
    await call('PATCH', '/api/v1/sources/shop', { config: { password: SHOP } });
    await call('PATCH', '/api/v1/sources/shop', { config: { password: SHOP, prot: 1 } });
    // Options that are not valid, beside a secret.
    await call('POST', '/api/v1/sources', { name: 'bad', type: 'postgres', config: { password: SHOP, port: 'x' } });
    await call('POST', '/api/v1/sources', `{"name": "bad", "config": {"password": "${SHOP}"`);
  });

  it('run a job that fails with them', async () => {
    const stages = { items: { source: 'shop', tables: ['public.items'] }, copy: { input: 'items', sink: 'wh' } };
    expect((await call('POST', '/api/v1/jobs', { name: 'copy', snapshotInterval: '200ms', stages })).status).toBe(201);
    await until('rows arrive', async () => {
      const rows = await target.query<{ n: number }>('SELECT count(*)::int AS n FROM public.items').catch(() => []);
      return rows[0]?.n === 100;
    });
    await call('GET', '/api/v1/jobs/copy/metrics');
    await call('GET', '/metrics');
    await call('PATCH', '/api/v1/sinks/wh', { config: { port: closedPort } });
    await call('POST', '/api/v1/jobs/copy/restart');
    await until('the failure is known', () =>
      worker.lines.some((line) => line.includes('ECONNREFUSED') || line.includes('does not answer')),
    );
    await call('GET', '/api/v1/jobs/copy');
    await call('POST', '/api/v1/jobs/copy/cancel');
  }, 300_000);

  it('stand in wrong places of every route', async () => {
    const inUrl = plant('url');
    const strays = [`postgres://u:${inUrl}@h/d`, issued[0]!];
    const document = (await api.request('GET', '/api/openapi.json')).body;
    for (const stray of strays) {
      const escaped = encodeURIComponent(stray);
      for (const [path, verbs] of Object.entries(document.paths as Record<string, object>)) {
        // The key that is used may not be replaced or revoked.
        if (path.startsWith('/api/v1/first-key')) continue;
        for (const verb of Object.keys(verbs)) {
          const method = verb.toUpperCase();
          const url = path.replaceAll(/\{\w+\}/g, escaped);
          const body =
            method === 'GET' || method === 'DELETE'
              ? undefined
              : { name: stray, [stray]: stray, key: stray, stages: { [stray]: stray } };
          // Streams would not end by themselves.
          if (/event-stream/.test(JSON.stringify((verbs as Record<string, unknown>)[verb]))) continue;
          if (path === '/api/v1/session' && method === 'POST') continue;
          await call(method, url, body);
          if (method === 'GET')
            await call(
              method,
              `${path.replaceAll(/\{\w+\}/g, 'copy')}?cursor=${escaped}&limit=${escaped}&${escaped}=1`,
            );
        }
      }
      await call('GET', '/api/v1/jobs', undefined, bearer(`${stray.slice(0, 60)}x`));
      await call(
        'POST',
        '/api/v1/jobs',
        { name: 'x' },
        { ...bearer(admin), 'idempotency-key': stray, 'x-request-id': stray, 'if-match': stray },
      );
      const stages = { items: { source: 'shop', tables: [stray] }, copy: { input: 'items', sink: 'wh', table: stray } };
      for (const path of ['jobs?check=false', 'jobs/plan'])
        expect(await call('POST', `/api/v1/${path}`, { name: 'stray', stages })).toMatchObject({
          status: 422,
          body: {
            errors: expect.arrayContaining([
              expect.objectContaining({ code: 'input.secret_in_document', pointer: '/stages/copy/table' }),
            ]),
          },
        });
      expect(
        (
          await call('POST', '/api/v1/sources', {
            name: 's',
            type: 'postgres',
            config: { host: stray, database: 'd', user: 'u' },
          })
        ).body.code,
      ).toBe('input.invalid');
    }
    expect((await call('GET', '/metrics')).text).toMatch(/^# HELP/);
  }, 120_000);

  it('are nowhere: not in answers, logs, the audit log, errors, figures, nor readable in the database or Redis', async () => {
    await call('GET', '/api/v1/audit?limit=200');
    await worker.kill('SIGTERM');
    const stored = await storedTexts();
    const places = { answers: heard, api: api.said, worker: worker.lines, ...stored };
    expect(heard.length).toBeGreaterThan(100);
    expect(worker.lines.length).toBeGreaterThan(0);
    for (const [place, texts] of Object.entries(places)) {
      for (const secret of [...planted, ...issued]) {
        const found = texts.filter((text) => text.includes(secret));
        expect({ place, secret, found: found.map((text) => text.slice(0, 300)) }).toEqual({ place, secret, found: [] });
      }
    }
    expect(stored.database.join('')).toContain('api_key.revoke');
  });
});

/** Everything in the metadata database and in Redis, as text. */
async function storedTexts(): Promise<Readonly<Record<'database' | 'redis', readonly string[]>>> {
  const tables = await api.database.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'millrace'`,
  );
  const database: string[] = [];
  for (const { name } of tables) {
    const rows = await api.database.query<{ text: string }>(
      `SELECT row_to_json(t)::text AS text FROM millrace.${name} t`,
    );
    database.push(...rows.map(({ text }) => text));
  }
  const redis = new Redis(redisServer.url);
  const texts: string[] = [];
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key);
    texts.push(key);
    if (type === 'string') texts.push((await redis.get(key)) ?? '');
    if (type === 'hash') texts.push(JSON.stringify(await redis.hgetall(key)));
    if (type === 'list') texts.push(...(await redis.lrange(key, 0, -1)));
  }
  redis.disconnect();
  return { database, redis: texts };
}
