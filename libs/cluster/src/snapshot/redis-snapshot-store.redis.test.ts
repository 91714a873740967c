import { describe, expect, it } from '@jest/globals';
import { systemClock, ulids } from '@millrace/kernel';
import { RedisServer, testRedis } from '@millrace/testing';
import { describeSnapshotStoreContract, recordOf, stateOf } from '@millrace/testing/contracts';
import { connected, openStore } from '../../test/open-store.ts';
import { attemptsKey, chunkKey, recordsKey } from '../names.ts';
import { RedisSnapshotStore } from './redis-snapshot-store.ts';
import { CHUNK_BYTES } from './snapshot-store.ts';

describeSnapshotStoreContract('RedisSnapshotStore', async () => openStore((await testRedis()).url));

const code = (name: string) => ({ code: { code: name } });

describe('RedisSnapshotStore on a server of its own', () => {
  it('says which setting to change when the server would lose snapshots', async () => {
    await using server = await RedisServer.start({ settings: { appendonly: 'no' } });
    await using driver = await openStore(server.url);
    const { store, redis } = driver;
    await expect(store.claim(ulids.next(), 0)).rejects.toMatchObject({
      ...code('cluster.redis_not_durable'),
      mend: expect.stringContaining('CONFIG SET appendonly yes'),
    });
    const volatile = await openStore(server.url, { allowVolatileSnapshots: true });
    expect(await volatile.store.claim(ulids.next(), 0)).toBe(1);
    volatile.redis.disconnect();

    await redis.config('SET', 'appendonly', 'yes');
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(store.checkDurability()).rejects.toMatchObject({
      ...code('cluster.redis_not_durable'),
      mend: expect.stringContaining('maxmemory-policy noeviction'),
    });
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await store.checkDurability()).toBe('waitaof');

    // Turned off behind our back: the next write says so instead of trusting what it saw at start-up.
    await redis.config('SET', 'appendonly', 'no');
    await expect(store.claim(ulids.next(), 0)).rejects.toMatchObject(code('cluster.redis_not_durable'));
  });

  it('INV-4 keeps every acknowledged snapshot when the server is killed, also with appendfsync everysec', async () => {
    await using server = await RedisServer.start({ settings: { appendfsync: 'everysec' } });
    await using driver = await openStore(server.url);
    const { store } = driver;
    const jobId = ulids.next();
    const generation = await store.claim(jobId, 0);
    const state = stateOf(5 * CHUNK_BYTES + 3);
    for (let id = 1; id <= 3; id++) {
      const record = recordOf(id, generation, state);
      await store.write(jobId, record, state);
      await server.down('SIGKILL');
      await expect(store.records(jobId)).rejects.toMatchObject(code('cluster.redis_unavailable'));
      await server.up();
      await untilReady(store);
      expect((await store.records(jobId))[0]).toEqual(record);
      expect((await store.read(jobId, record)).equals(state)).toBe(true);
      expect(await store.generationOf(jobId)).toBe(generation);
    }
  });

  it('INV-4 finds out what became of a write whose answer got lost, by writing again', async () => {
    await using server = await RedisServer.start();
    const helper = await connected(server.url);
    await using driver = await openStore(server.url);
    const { store, redis } = driver;
    const jobId = ulids.next();
    const generation = await store.claim(jobId, 0);
    const state = stateOf(2 * CHUNK_BYTES);
    const record = recordOf(1, generation, state);

    // The server does everything, but the answer to the commit never arrives: the client is cut off first.
    const id = await redis.client('ID');
    const kill = helper.client('KILL', 'ID', String(id));
    await Promise.allSettled([store.write(jobId, record, state), kill]);
    await untilReady(store);
    await store.write(jobId, record, state);
    expect(await store.records(jobId)).toEqual([record]);
    expect((await store.read(jobId, record)).equals(state)).toBe(true);
    helper.disconnect();
  });

  it('INV-4 writes pieces again that the server lost before the commit record', async () => {
    await using driver = await openStore((await testRedis()).url);
    const { store, redis } = driver;
    const jobId = ulids.next();
    const generation = await store.claim(jobId, 0);
    const state = stateOf(3 * CHUNK_BYTES);
    const record = recordOf(1, generation, state);
    // As after a crash of the server: the attempt and some of its pieces are there, one is gone, there is no record.
    await store.write(jobId, record, state);
    await redis.del(recordsKey(jobId), chunkKey(jobId, generation, 1, 1));
    await store.write(jobId, record, state);
    expect((await store.read(jobId, record)).equals(state)).toBe(true);
  });

  it('sweeps what attempts left that died before their commit record, not what the owner is writing', async () => {
    await using driver = await openStore((await testRedis()).url);
    const { store, redis } = driver;
    const jobId = ulids.next();
    const state = stateOf(2 * CHUNK_BYTES);
    const dead = await store.claim(jobId, 0);
    await redis.sadd(attemptsKey(jobId), `${dead}:1:2`);
    await redis.set(chunkKey(jobId, dead, 1, 0), 'left');
    const owner = await store.claim(jobId, 0);
    await redis.sadd(attemptsKey(jobId), `${owner}:2:2`);
    await redis.set(chunkKey(jobId, owner, 2, 0), 'being written');
    await store.write(jobId, recordOf(1, owner, state), state);
    await store.sweep(jobId);
    expect(await redis.exists(chunkKey(jobId, dead, 1, 0))).toBe(0);
    expect(await redis.exists(chunkKey(jobId, owner, 2, 0))).toBe(1);
    expect(await driver.countChunks(jobId)).toBe(3);
    // A snapshot that overtook it makes it garbage too.
    await store.write(jobId, recordOf(3, owner, state), state);
    await store.sweep(jobId);
    expect(await redis.exists(chunkKey(jobId, owner, 2, 0))).toBe(0);
    expect(await redis.smembers(attemptsKey(jobId))).toHaveLength(2);
  });

  it('fails within its limit while the server hangs, and goes on afterwards', async () => {
    await using server = await RedisServer.start();
    await using driver = await openStore(server.url);
    const { store } = driver;
    const jobId = ulids.next();
    await store.claim(jobId, 0);
    const helper = await connected(server.url);
    await helper.call('DEBUG', 'SLEEP', '0').catch(() => undefined);
    const paused = helper.client('PAUSE', 6_000, 'ALL');
    await paused;
    await expect(store.generationOf(jobId)).rejects.toMatchObject(code('cluster.redis_unavailable'));
    helper.disconnect();
    await untilReady(store);
    expect(await store.generationOf(jobId)).toBe(1);
  });
});

async function untilReady(store: RedisSnapshotStore): Promise<void> {
  for (;;) {
    try {
      await store.generationOf('any');
      return;
    } catch {
      await systemClock.sleep(20);
    }
  }
}
