import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { RedisServer } from '@millrace/testing';
import { numbers } from '@millrace/testing/acceptance';
import { DrivenSource, resolvedSource, type SavedSnapshot } from '@millrace/testing/drivers';
import { Redis } from 'ioredis';
import { redisSource } from '../redis-source.ts';

const TABLE = { table: 'public.customers', columns: { id: 'integer', name: 'text' }, key: ['id'] };
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

type Source = DrivenSource<string>;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const start = (stage: object, restored?: SavedSnapshot): Promise<Source> =>
  DrivenSource.start(redisSource, {
    config: { host: '127.0.0.1', port: server.port },
    stage: { ...TABLE, ...stage },
    generation: restored === undefined ? 1 : 2,
    restored,
    read: (batch) =>
      changeEvents(batch).map(({ op, before, after }) =>
        [op, ...Object.values((after ?? before)!).filter((value) => value !== null)].map(textOf).join(' '),
      ),
  });

const types = {
  hash: {
    set: (key: string, id: number, name: string) => redis.hset(key, String(id), JSON.stringify({ id, name })),
    remove: (key: string, id: number) => redis.hdel(key, String(id)),
  },
  hashes: {
    set: (key: string, id: number, name: string) => redis.hset(`${key}:${id}`, { id, name }),
    remove: (key: string, id: number) => redis.del(`${key}:${id}`),
  },
};

describe.each(['hash', 'hashes'] as const)('rows of type %s', (type) => {
  const { set, remove } = types[type];
  const newKey = (): string => `${type}:[${ulids.next()}]*`;

  it('come as they are, and then as they change and go, long before the next look at everything', async () => {
    const key = newKey();
    await set(key, 1, 'a');
    await using source = await start({ type, keys: [key] });
    await source.untilEvents(1);
    await set(key, 2, 'b');
    await source.untilEvents(2);
    await set(key, 1, 'c');
    await source.untilEvents(3);
    await remove(key, 2);
    await source.untilEvents(4);
    // The same again is no change.
    await set(key, 1, 'c');
    await set(key, 3, 'd');
    await source.untilEvents(5);
    expect(source.events).toEqual(['c 1 a', 'c 2 b', 'c 1 c', 'd 2', 'c 3 d']);
    expect(source.metric('looks')).toBe(1);
  });

  it('that changed, came and went while nobody listened are found at the next start, each once', async () => {
    const key = newKey();
    for (const id of numbers(0, 5)) await set(key, id, 'a');
    const first = await start({ type, keys: [key] });
    await first.untilEvents(5);
    const saved = await first.snapshot();
    // Handed on, and in no snapshot: it comes again.
    await set(key, 1, 'b');
    await first.untilEvents(6);
    await first.close();
    await remove(key, 0);
    await set(key, 2, 'b');
    await set(key, 2, 'c');
    await set(key, 9, 'n');
    for (const follow of [true, false]) {
      const next = await start({ type, keys: [key], follow }, saved);
      await (follow ? next.untilEvents(4) : next.run());
      expect(next.events.toSorted()).toEqual(['c 1 b', 'c 2 c', 'c 9 n', 'd 0']);
      await next.close();
    }
  });

  it('that expire or go with their key are gone', async () => {
    const key = newKey();
    for (const id of numbers(0, 3)) await set(key, id, 'a');
    await using source = await start({ type, keys: [key] });
    await source.untilEvents(3);
    for (const id of type === 'hash' ? [''] : numbers(0, 3).map((each) => `:${each}`)) await redis.pexpire(key + id, 1);
    await source.untilEvents(6);
    expect(source.events.slice(3).toSorted()).toEqual(['d 0', 'd 1', 'd 2']);
  });

  it('that are more than may be known stop the job', async () => {
    const key = newKey();
    for (const id of numbers(0, 4)) await set(key, id, 'a');
    await using source = await start({ type, keys: [key], rows: 3 });
    await expect(source.untilEvents(5)).rejects.toMatchObject({ code: { code: 'redis.too_many_rows' } });
  });

  it('end as they last were while they change all the time and the job is stopped anywhere', async () => {
    const key = newKey();
    const seen = new Map<string, string>();
    let restored: SavedSnapshot | undefined;
    let isOver = false;
    const changing = (async () => {
      for (let round = 0; round < 400; round++)
        await (round % 7 === 0 ? remove(key, round % 20) : set(key, round % 20, `n${round}`));
      isOver = true;
    })();
    while (!isOver) {
      const source = await start({ type, keys: [key] }, restored);
      source.isMoody = true;
      await source.until(() => source.events.length > 5 || isOver);
      restored = await source.save();
      apply(seen, source.events);
      await source.until(() => isOver || source.events.length > 12);
      await source.close();
    }
    await changing;
    const last = await start({ type, keys: [key], follow: false }, restored);
    await last.run();
    apply(seen, last.events);
    const now = new Map<string, string>();
    for (const id of numbers(0, 20)) {
      const name =
        type === 'hash' ? nameOf(await redis.hget(key, String(id))) : await redis.hget(`${key}:${id}`, 'name');
      if (name != null) now.set(String(id), name);
    }
    expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(now));
  });
});

const nameOf = (text: string | null): string | undefined =>
  text === null ? undefined : (JSON.parse(text) as { name: string }).name;

function apply(rows: Map<string, string>, events: readonly string[]): void {
  for (const event of events) {
    const [op, id, name] = event.split(' ');
    if (op === 'd') rows.delete(id!);
    else rows.set(id!, name!);
  }
}

it('takes keys of several columns and plain values, and says which row is none', async () => {
  const key = `hash:${ulids.next()}`;
  await redis.hset(key, '["1","de"]', 'a b');
  const columns = { id: 'integer', country: 'text', value: 'text' };
  await using source = await start({ type: 'hash', keys: [key], columns, key: ['id', 'country'], value: 'value' });
  expect(await source.untilEvents(1)).toEqual(['c 1 de a b']);
  await redis.hset(key, 'no array', 'x');
  await expect(source.untilEvents(2)).rejects.toMatchObject({
    code: { code: 'redis.entry_refused' },
    message: expect.stringContaining(`row "no array" of ${key}`),
  });
});

it('without notifications changes are found by the next look, and whoever makes the job is told', async () => {
  const key = `hash:${ulids.next()}`;
  await redis.config('SET', 'notify-keyspace-events', 'Kg');
  try {
    const stage = { type: 'hash', keys: [key], poll: '50ms' };
    const resolved = resolvedSource(redisSource, {
      config: { host: '127.0.0.1', port: server.port },
      stage: { ...TABLE, ...stage },
    });
    const { findings } = await redisSource.describe(resolved, new AbortController().signal);
    expect(findings.map(({ code }) => code)).toContain('redis.tells_no_changes');
    await using source = await start(stage);
    await redis.hset(key, '1', '{"name":"a"}');
    await source.untilEvents(1);
    await redis.hset(key, '1', '{"name":"b"}');
    expect(await source.untilEvents(2)).toEqual(['c 1 a', 'c 1 b']);
  } finally {
    await redis.config('SET', 'notify-keyspace-events', 'Kghxe');
  }
});
