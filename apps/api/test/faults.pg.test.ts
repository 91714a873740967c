import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresServer, RedisServer } from '@millrace/testing';
import { pino } from 'pino';
import { createApp } from '../src/create-app.ts';
import { readSettings } from '../src/settings/settings.ts';
import { fixtureConnectors } from './fixture-connectors.ts';

let postgres: PostgresServer;
let redis: RedisServer;
let app: Awaited<ReturnType<typeof createApp>>;
const said: string[] = [];
const log = pino({ level: 'info' }, { write: (line: string) => void said.push(line) });

const settings = () =>
  readSettings({
    MILLRACE_DATABASE_URL: postgres.url,
    MILLRACE_REDIS_URL: redis.url,
    MILLRACE_SECRET_KEY: randomBytes(32).toString('base64'),
  });

beforeAll(async () => {
  [postgres, redis] = await Promise.all([PostgresServer.start(), RedisServer.start()]);
  app = await createApp({ settings: settings(), registry: fixtureConnectors, log });
});
afterAll(async () => {
  await app.close();
  await Promise.all([postgres.stop(), redis.stop()]);
});

async function call(method: 'GET' | 'POST', url: string, payload?: object) {
  const response = await app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
  return { status: response.statusCode, retryAfter: response.headers['retry-after'], body: response.json() };
}

/** Asks until the servers are back; how long a reconnect takes is theirs to say. */
async function untilReady(): Promise<void> {
  while ((await call('GET', '/readyz')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
}

const definition = { name: 'shop', type: 'fixture', config: { host: 'a' } };
const job = {
  name: 'job',
  stages: { orders: { source: 'shop', tables: ['public.orders'] }, copy: { input: 'orders', sink: 'shop' } },
};

describe('when a server is away', () => {
  it('a job is taken without Redis, and its figures say who is away', async () => {
    expect((await call('POST', '/api/v1/sources', definition)).status).toBe(201);
    expect((await call('POST', '/api/v1/sinks', definition)).status).toBe(201);
    await redis.down('SIGKILL');
    expect(await call('GET', '/readyz')).toMatchObject({
      status: 503,
      retryAfter: '1',
      body: { code: 'redis.unavailable' },
    });
    expect((await call('POST', '/api/v1/jobs', job)).status).toBe(201);
    expect((await call('POST', '/api/v1/jobs/job/suspend')).body).toMatchObject({ desired: 'suspended' });
    expect(await call('GET', '/api/v1/jobs/job/metrics')).toMatchObject({
      status: 503,
      body: { code: 'redis.unavailable' },
    });
    await redis.up();
    await untilReady();
    expect(said.filter((line) => line.includes('Redis is away'))).toHaveLength(1);
    expect(said.join('')).toContain('a message to the workers was lost');
  });

  it('nothing is answered without the metadata database, and everything when it is back', async () => {
    await postgres.down('SIGKILL');
    const away = await call('GET', '/api/v1/jobs/job');
    expect(away).toMatchObject({
      status: 503,
      retryAfter: '1',
      body: { code: 'catalog.unavailable', mend: expect.stringContaining('Try again') },
    });
    expect((await call('GET', '/readyz')).status).toBe(503);
    expect((await call('GET', '/healthz')).status).toBe(200);
    await postgres.up();
    await untilReady();
    expect(await call('GET', '/api/v1/jobs/job')).toMatchObject({
      status: 200,
      body: { name: 'job', desired: 'suspended' },
    });
  });

  it('the api does not start without the metadata database, and says which', async () => {
    await postgres.down();
    const start = createApp({ settings: settings(), registry: fixtureConnectors, log });
    await expect(start).rejects.toMatchObject({
      code: { code: 'catalog.unavailable' },
      message: expect.stringContaining(String(postgres.port)),
    });
    await postgres.up();
  });
});
