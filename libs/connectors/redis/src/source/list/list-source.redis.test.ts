import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { testRedis } from '@millrace/testing';
import { idsOfRecord, numbers, runSourceAndKill } from '@millrace/testing/acceptance';
import { DrivenSource, resolvedSource, type SavedSnapshot } from '@millrace/testing/drivers';
import { Redis } from 'ioredis';
import { redisSource } from '../redis-source.ts';

const ROWS_OF_RUN = 10;
const TABLE = { type: 'list', table: 'public.orders', columns: { id: 'integer' }, key: ['id'], poll: '10ms' };
let redis: Redis;
let config: { readonly host: string; readonly port: number };

beforeAll(async () => {
  const { url } = await testRedis();
  redis = new Redis(url);
  const { hostname: host, port } = new URL(url);
  config = { host, port: Number(port) };
});
afterAll(() => redis.disconnect());

const newList = (): string => `list:${ulids.next()}`;
const push = (key: string, from: number, to: number) =>
  redis.rpush(key, ...numbers(from, to).map((id) => JSON.stringify({ id })));

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const start = (stage: object, restored?: SavedSnapshot) =>
  DrivenSource.start(redisSource, {
    config,
    stage: { ...TABLE, ...stage },
    generation: restored === undefined ? 1 : 2,
    restored,
    read: (batch) =>
      changeEvents(batch).map(({ op, before, after }) => `${op} ${textOf(Object.values((after ?? before)!)[0])}`),
  });

const created = (from: number, to: number) => numbers(from, to).map((id) => `c ${id}`);

it('has each element once and removes what snapshots hold, when processes are killed with -9 before and after each step of a snapshot', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-list-'));
  const record = join(folder, 'record.json');
  const key = newList();
  const module = { url: new URL('../redis-source.ts', import.meta.url).href, name: 'redisSource' };
  const given = { module, config, stage: { ...TABLE, keys: [key], remove: true }, record, jobId: ulids.next() };
  let pushed = 0;
  const more = async (): Promise<void> => {
    await push(key, pushed, pushed + ROWS_OF_RUN);
    pushed += ROWS_OF_RUN;
  };
  try {
    // After rows were handed on, with a saved state, with a commit record, and half committed.
    for (const killAt of [3, 6, 9, 11]) {
      await more();
      expect(await runSourceAndKill({ ...given, killAt, last: pushed + ROWS_OF_RUN })).toBe(true);
      expect(await redis.llen(key)).toBeGreaterThanOrEqual(pushed - idsOfRecord(record).length);
    }
    await more();
    expect(await runSourceAndKill({ ...given, killAt: 0, last: pushed - 1 })).toBe(false);
    expect(idsOfRecord(record)).toEqual(numbers(0, pushed));
    expect(await redis.llen(key)).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

it('removes when a snapshot is committed, no sooner; a commit that comes again, or from an older execution, removes nothing more', async () => {
  const key = newList();
  await push(key, 0, 10);
  const stage = { keys: [key], remove: true };
  await using first = await start(stage);
  await first.untilEvents(10);
  const saved = await first.save();
  expect(await redis.llen(key)).toBe(10);
  // Its process is gone before the commit: the next execution removes.
  await using next = await start(stage, saved);
  expect(await redis.llen(key)).toBe(0);
  await push(key, 10, 15);
  await first.commit(saved.snapshotId);
  await next.commit(saved.snapshotId);
  expect(await next.untilEvents(5)).toEqual(created(10, 15));
  await next.snapshot();
  expect(await redis.llen(key)).toBe(0);
  const resolved = resolvedSource(redisSource, { config, stage: { ...TABLE, ...stage } });
  await redisSource.dispose!(resolved, new AbortController().signal);
  expect(await redis.keys(`millrace:{${key}}*`)).toEqual([]);
});

it.each([
  [
    'somebody else takes an element and another one comes',
    (key: string) => redis.multi().lpop(key).rpush(key, '{"id":10}').exec(),
    'another element',
  ],
  ['somebody pushes to the left', (key: string) => redis.lpush(key, '{"id":99}'), 'another element'],
  ['the list is shorter than what was read', (key: string) => redis.ltrim(key, 0, 2), 'it has 3 elements'],
])('stops when %s', async (_, change, says) => {
  const key = newList();
  await push(key, 0, 5);
  await using source = await start({ keys: [key] });
  await source.untilEvents(5);
  await push(key, 5, 10);
  await source.untilEvents(10);
  await change(key);
  await expect(source.untilEvents(11)).rejects.toMatchObject({
    code: { code: 'redis.position_lost', retry: 'after-repair' },
    message: expect.stringContaining(says),
  });
});

it('takes what the sink writes, plain texts, and says which element is no row', async () => {
  const [written, plain, broken] = [newList(), newList(), newList()];
  await redis.rpush(written, '{"op":"c","row":{"id":1}}', '{"op":"d","row":{"id":1}}');
  await redis.rpush(plain, 'a b', '');
  await push(broken, 0, 2);
  await redis.rpush(broken, '{"id":"x"}');
  await using ofSink = await start({ keys: [written], field: 'row', follow: false });
  await ofSink.run();
  expect(ofSink.events).toEqual(['c 1', 'd 1']);
  const columns = { text: 'text' };
  await using ofTexts = await start({ keys: [plain], columns, key: [], value: 'text', follow: false });
  await ofTexts.run();
  expect(ofTexts.events).toEqual(['c a b', 'c ']);
  await using ofBroken = await start({ keys: [broken] });
  await expect(ofBroken.untilEvents(1)).rejects.toMatchObject({
    code: { code: 'redis.entry_refused' },
    message: expect.stringContaining(`element 3 of list ${broken}`),
  });
});
