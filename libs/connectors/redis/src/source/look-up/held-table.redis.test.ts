import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HeldTableOptions } from '@millrace/connector-contract';
import { systemClock, ulids } from '@millrace/kernel';
import { RedisServer } from '@millrace/testing';
import { numbers } from '@millrace/testing/acceptance';
import { Redis } from 'ioredis';
import { redisSource } from '../redis-source.ts';

const HOLD: HeldTableOptions = { rowsMax: 10_000, refreshMs: 60_000, ageMsMax: 60_000 };
let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await RedisServer.start({ settings: { 'notify-keyspace-events': 'Kghxe' } });
  redis = new Redis(server.port);
});
afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

const hold = (table: string, more: Partial<HeldTableOptions> = {}, port = server.port) =>
  redisSource.openLookup!(
    redisSource.config.parse({ host: '127.0.0.1', port }),
    { table, keyColumns: ['id'], columns: ['name'], hold: { ...HOLD, ...more } },
    new AbortController().signal,
  );

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await systemClock.sleep(5);
}

const types = {
  hash: {
    table: (key: string) => key,
    set: (key: string, id: number, name: string) => redis.hset(key, String(id), JSON.stringify({ id, name })),
    remove: (key: string, id: number) => redis.hdel(key, String(id)),
  },
  hashes: {
    table: (key: string) => `${key}:*`,
    set: (key: string, id: number, name: string) => redis.hset(`${key}:${id}`, { id, name }),
    remove: (key: string, id: number) => redis.del(`${key}:${id}`),
  },
};

describe.each(['hash', 'hashes'] as const)('a table of type %s that is held', (type) => {
  const { table, set, remove } = types[type];

  it('is there as a whole when it is opened, and follows what changes without being read again', async () => {
    const key = ulids.next();
    for (const id of numbers(0, 1_200)) void set(key, id, `n${id}`);
    await redis.ping();
    await using held = await hold(table(key));
    expect(await held.find([['0'], ['1199'], ['1200']])).toEqual([['n0'], ['n1199'], undefined]);
    await set(key, 0, 'changed');
    await set(key, 1_200, 'new');
    await remove(key, 1);
    const now = async (): Promise<string> => JSON.stringify(await held.find([['0'], ['1'], ['1200']]));
    await until(async () => (await now()) === '[["changed"],null,["new"]]');
    expect(held.state!().rows).toBe(1_200);
  });

  it('may not have more rows than are allowed, at first or later', async () => {
    const key = ulids.next();
    for (const id of numbers(0, 3)) await set(key, id, 'a');
    const tooLarge = { code: { code: 'redis.table_too_large' }, mend: expect.stringContaining('hold.rows') };
    await expect(hold(table(key), { rowsMax: 2 })).rejects.toMatchObject(tooLarge);
    await using held = await hold(table(key), { rowsMax: 3 });
    await set(key, 3, 'a');
    const failing = until(async () => (await held.find([['3']])).length === 0);
    await expect(failing).rejects.toMatchObject(tooLarge);
  });
});

it('knows how old it is: the age stays small while the server tells of changes, and grows when it does not', async () => {
  const key = ulids.next();
  await redis.hset(key, '1', '{"name":"a"}');
  const startedMs = systemClock.monotonicMs();
  await using told = await hold(key, { ageMsMax: 30_000 });
  await until(async () => systemClock.monotonicMs() - startedMs > 1_500);
  // It is younger than the only time that it was read as a whole.
  expect(told.state!().ageMs).toBeLessThan(systemClock.monotonicMs() - startedMs);
  await redis.config('SET', 'notify-keyspace-events', '');
  try {
    await using untold = await hold(key, { ageMsMax: 100 });
    const failing = until(async () => (await untold.find([['1']])).length === 0);
    await expect(failing).rejects.toMatchObject({ code: { code: 'redis.lookup_stale', retry: 'later' } });
    await using refreshed = await hold(key, { refreshMs: 20 });
    await redis.hset(key, '1', '{"name":"b"}');
    await until(async () => (await refreshed.find([['1']]))[0]?.[0] === 'b');
  } finally {
    await redis.config('SET', 'notify-keyspace-events', 'Kghxe');
  }
});

it('answers nothing more when its connection breaks, and blames a row that is none only when it is asked for', async () => {
  await using own = await RedisServer.start();
  const client = new Redis(own.port);
  await client.hset('table', '1', 'no JSON', '2', '{"name":"b"}');
  client.disconnect();
  await using held = await hold('table', {}, own.port);
  expect(await held.find([['2']])).toEqual([['b']]);
  await expect(held.find([['1']])).rejects.toMatchObject({ code: { code: 'redis.lookup_refused' } });
  await own[Symbol.asyncDispose]();
  const failing = until(async () => (await held.find([['2']])).length === 0);
  await expect(failing).rejects.toMatchObject({ code: { code: 'redis.unreachable' } });
});
