import { expect, it } from '@jest/globals';
import type { SnapshotEntry } from '@millrace/engine';
import type { ChangeBatch } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { testRedis } from '@millrace/testing';
import { insertBatch } from '@millrace/testing/acceptance';
import { DrivenSink, RecordedRefusals } from '@millrace/testing/drivers';
import { Redis } from 'ioredis';
import { redisSink } from './redis-sink.ts';

it('sets rows aside that have no place, and again when they come again behind the position that Redis holds', async () => {
  const { url } = await testRedis();
  const { hostname: host, port } = new URL(url);
  const redis = new Redis(url);
  const key = ulids.next();
  const job = { jobId: ulids.next() };
  const history = (): ChangeBatch[] => [insertBatch(1, 3, '5'), insertBatch(3, 5, 'dear'), insertBatch(5, 6, '9')];
  const aside: string[][] = [];
  let restored: { readonly snapshotId: number; readonly entries: SnapshotEntry[] } | undefined;
  // The first ends behind its snapshot, and yet Redis has all that it could take.
  for (const generation of [1, 2]) {
    const refusals = new RecordedRefusals();
    const config = { host, port: Number(port) };
    const stage = { type: 'sorted-set', key, score: 'note' };
    await using sink = await DrivenSink.start(redisSink, { config, stage, job, generation, restored, refusals });
    restored ??= { snapshotId: 1, entries: await sink.snapshot(1) };
    await sink.write(...history());
    await sink.complete();
    aside.push(refusals.aside);
    expect(new Set(refusals.reasons)).toEqual(new Set(['redis.row_refused']));
    expect(await redis.zrange(key, '0', '-1', 'WITHSCORES')).toEqual(['1', '5', '2', '5', '5', '9']);
  }
  expect(aside).toEqual([
    ['refused 3 dear', 'refused 4 dear'],
    ['refused 3 dear', 'refused 4 dear'],
  ]);
  redis.disconnect();
});
