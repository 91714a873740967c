import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { testRedis } from '@millrace/testing';
import { DrivenSource, type SavedSnapshot } from '@millrace/testing/drivers';
import { Redis } from 'ioredis';
import { redisSource } from '../redis-source.ts';

let redis: Redis;
let config: { readonly host: string; readonly port: number };

beforeAll(async () => {
  const { url } = await testRedis();
  redis = new Redis(url);
  const { hostname: host, port } = new URL(url);
  config = { host, port: Number(port) };
});
afterAll(() => redis.disconnect());

const newStream = (): string => `source:${ulids.next()}`;

const start = (stream: string, { stage, restored }: { stage?: object; restored?: SavedSnapshot } = {}) =>
  DrivenSource.start(redisSource, {
    config,
    stage: {
      keys: [stream],
      table: 'public.orders',
      columns: { id: 'integer', note: 'text' },
      key: ['id'],
      ...stage,
    },
    generation: restored === undefined ? 1 : 2,
    restored,
    read: (batch) =>
      changeEvents(batch).map(
        ({ op, before, after }) => `${op} ${(after ?? before)!['id'] as number} ${after?.['note'] as string}`,
      ),
  });

async function add(stream: string, first: number, end: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let id = first; id < end; id++) ids.push((await redis.xadd(stream, '*', 'id', id, 'note', `n${id}`))!);
  return ids;
}

const LOST = { code: { code: 'redis.position_lost', retry: 'after-repair' }, mend: expect.any(String) };

describe('entries that are gone', () => {
  /** Five entries are read and saved, and five more are there. */
  async function readHalf() {
    const stream = newStream();
    const [gone] = await add(stream, -1, 0);
    await redis.xdel(stream, gone!);
    await add(stream, 0, 5);
    const first = await start(stream);
    await first.untilEvents(5);
    const restored = await first.save();
    await first.close();
    return { stream, restored, ids: await add(stream, 5, 10) };
  }

  it('do not matter when they were read, however they went', async () => {
    const { stream, restored } = await readHalf();
    const [oldest] = await redis.xrange(stream, '-', '+', 'COUNT', 1);
    await redis.xdel(stream, oldest![0]);
    await redis.xtrim(stream, 'MAXLEN', 5);
    await using source = await start(stream, { restored });
    expect(await source.untilEvents(5)).toEqual(['c 5 n5', 'c 6 n6', 'c 7 n7', 'c 8 n8', 'c 9 n9']);
  });

  it.each([
    [
      'one of them is trimmed away',
      ({ stream }: { stream: string }) => redis.xtrim(stream, 'MAXLEN', 4),
      '1 entries behind',
    ],
    [
      'one of them is removed by itself',
      ({ stream, ids }: { stream: string; ids: readonly string[] }) => redis.xdel(stream, ids[2]!),
      'was removed',
    ],
    ['the stream is removed', ({ stream }: { stream: string }) => redis.del(stream), 'set back'],
  ])('stop the job at its start when they were not read: %s', async (_, lose, says) => {
    const { stream, restored, ids } = await readHalf();
    await lose({ stream, ids });
    await expect(start(stream, { restored })).rejects.toMatchObject({
      ...LOST,
      message: expect.stringContaining(says),
    });
  });

  it('stop the job while it runs, where the next entries would hide the gap', async () => {
    const stream = newStream();
    await using source = await start(stream);
    await add(stream, 0, 5);
    await source.untilEvents(5);
    const transaction = redis.multi();
    for (let id = 5; id < 15; id++) transaction.xadd(stream, '*', 'id', id, 'note', 'x');
    await transaction.xtrim(stream, 'MAXLEN', 5).exec();
    await expect(source.untilEvents(10)).rejects.toMatchObject(LOST);
  });
});

it('reads what the sink writes, deletes too, from a field of JSON', async () => {
  const stream = newStream();
  await redis.xadd(stream, '*', 'table', 't', 'op', 'c', 'row', '{"id":1,"note":"a"}');
  await redis.xadd(stream, '*', 'table', 't', 'op', 'd', 'row', '{"id":1}');
  await using source = await start(stream, { stage: { field: 'row', follow: false } });
  await source.run();
  expect(source.events).toEqual(['c 1 a', 'd 1 undefined']);
});

it('says which entry is no row', async () => {
  const stream = newStream();
  const [id] = await add(stream, 0, 1);
  await using source = await start(stream, { stage: { columns: { id: 'integer', note: 'integer' } } });
  await expect(source.untilEvents(1)).rejects.toMatchObject({
    code: { code: 'redis.entry_refused' },
    message: expect.stringContaining(id!),
  });
});

it('begins with what comes when it is told to, and tells a group only what a committed snapshot has', async () => {
  const stream = newStream();
  const group = 'monitoring';
  await add(stream, 0, 3);
  await using source = await start(stream, { stage: { from: 'latest', group } });
  await source.snapshot();
  const ids = await add(stream, 3, 5);
  expect(await source.untilEvents(2)).toEqual(['c 3 n3', 'c 4 n4']);
  const { snapshotId } = await source.save();
  const told = async (): Promise<unknown[]> => ((await redis.xinfo('GROUPS', stream)) as unknown[][]).flat();
  expect(await told()).not.toContain(ids[1]);
  await source.commit(snapshotId);
  await source.until(async () => (await told()).includes(ids[1]));
  const facts = await told();
  expect(facts[facts.indexOf('lag') + 1]).toBe(0);
});
