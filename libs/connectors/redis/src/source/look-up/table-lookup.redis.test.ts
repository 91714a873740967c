import { expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { testRedis } from '@millrace/testing';
import { insertBatches } from '@millrace/testing/acceptance';
import { DrivenSink } from '@millrace/testing/drivers';
import { Redis } from 'ioredis';
import { redisSink } from '../../sink/redis-sink.ts';
import { redisSource } from '../redis-source.ts';

const { signal } = new AbortController();

it.each([
  ['hash', ''],
  ['hashes', ':*'],
])('looks up rows that the sink keeps as %s, by one column or several', async (type, suffix) => {
  const { url } = await testRedis();
  const { hostname: host, port } = new URL(url);
  const config = redisSource.config.parse({ host, port: Number(port) });
  for (const rowKey of [['id'], ['id', 'note']]) {
    const key = `lookup:${ulids.next()}`;
    const stage = { type, key, rowKey };
    await using sink = await DrivenSink.start(redisSink, { config, stage, job: { jobId: ulids.next() } });
    await sink.write(...insertBatches(0, 2_500));
    await sink.snapshot(1);
    const request = { table: `${key}${suffix}`, keyColumns: rowKey, columns: ['note', 'id', 'no_such'] };
    await using lookup = await redisSource.openLookup!(config, request, signal);
    expect(lookup.columns.map(({ name, sqlType }) => `${name} ${sqlType}`)).toEqual([
      'note text',
      'id text',
      'no_such text',
    ]);
    const keys = Array.from({ length: 2_600 }, (_, id) => [String(id), 'x'].slice(0, rowKey.length));
    const found = await lookup.find(keys);
    expect(found[0]).toEqual(['x', '0', null]);
    expect(found[2_499]).toEqual(['x', '2499', null]);
    expect(found.slice(2_500)).toEqual(Array.from({ length: 100 }, () => undefined));
  }
});

it('says what it cannot look up in', async () => {
  const { url } = await testRedis();
  const redis = new Redis(url);
  const key = `lookup:${ulids.next()}`;
  const { hostname: host, port } = new URL(url);
  const config = redisSource.config.parse({ host, port: Number(port) });
  const request = { table: key, keyColumns: ['id'], columns: ['note'] };
  try {
    await redis.set(key, 'text');
    const opening = redisSource.openLookup!(config, request, signal);
    await expect(opening).rejects.toMatchObject({ code: { code: 'redis.key_of_other_type' } });
    await redis.del(key);
    await redis.hset(key, '1', 'no JSON');
    await using lookup = await redisSource.openLookup!(config, request, signal);
    await redis.hset(key, '2', '{"note":1.10,"id":2}', '3', '{"note":{"a":[true]}}');
    expect(await lookup.find([['2'], ['3']])).toEqual([['1.10'], ['{"a":[true]}']]);
    await expect(lookup.find([['1']])).rejects.toMatchObject({ code: { code: 'redis.lookup_refused' } });
  } finally {
    redis.disconnect();
  }
});
