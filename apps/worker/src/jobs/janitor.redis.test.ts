import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { connectRedis, RedisSnapshotStore } from '@millrace/cluster';
import { ulids } from '@millrace/kernel';
import { RedisServer } from '@millrace/testing';
import { recordOf, stateOf } from '@millrace/testing/contracts';
import { Janitor } from './janitor.ts';

it('removes the snapshots of deleted jobs and nothing else', async () => {
  await using server = await RedisServer.start();
  const redis = connectRedis(server.url);
  await once(redis, 'ready');
  const store = new RedisSnapshotStore(redis);
  const [kept, deleted] = [ulids.next(), ulids.next()];
  const state = stateOf(100_000);
  for (const jobId of [kept, deleted]) {
    const record = recordOf(1, await store.claim(jobId, 0), state);
    await store.write(jobId, record, state);
  }
  const janitor = new Janitor(store, { find: async (jobId) => (jobId === kept ? {} : undefined) });
  await janitor.clean();
  await janitor.clean();
  expect(await store.records(kept)).toHaveLength(1);
  const left = await redis.keys(`*${deleted}*`);
  expect(left).toEqual([expect.stringContaining('generation')]);
  expect(await redis.ttl(left[0]!)).toBeGreaterThan(0);
  redis.disconnect();
});
