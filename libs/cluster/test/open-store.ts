import { once } from 'node:events';
import type { SnapshotStoreDriver } from '@millrace/testing/contracts';
import type { Redis } from 'ioredis';
import { chunkKey } from '../src/names.ts';
import { connectRedis } from '../src/redis/connect-redis.ts';
import { RedisSnapshotStore } from '../src/snapshot/redis-snapshot-store.ts';

/** A connection that can be used. */
export async function connected(url: string): Promise<Redis> {
  const redis = connectRedis(url);
  if (redis.status !== 'ready') await once(redis, 'ready');
  return redis;
}

/** The Redis store and what the contract's suite does behind its back. */
export async function openStore(
  url: string,
  options: { readonly allowVolatileSnapshots?: boolean } = {},
): Promise<SnapshotStoreDriver & { readonly redis: Redis; readonly store: RedisSnapshotStore }> {
  const redis = await connected(url);
  return {
    redis,
    store: new RedisSnapshotStore(redis, options),
    async countChunks(jobId) {
      return (await redis.keys(`millrace:{${jobId}}:chunk:*`)).length;
    },
    async damage(jobId, { generation, snapshotId, chunks }) {
      await redis.del(chunkKey(jobId, generation, snapshotId, chunks - 1));
    },
    async [Symbol.asyncDispose]() {
      redis.disconnect();
    },
  };
}
