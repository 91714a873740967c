import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batchOfRecords, type ChangeBatch, recordOf } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { testRedis } from '@millrace/testing';
import { insertBatch, numbers } from '@millrace/testing/acceptance';
import { DrivenSink } from '@millrace/testing/drivers';
import { Redis } from 'ioredis';
import { subscriptionSink } from '../connector.ts';
import { subscriptionKeys } from '../keys.ts';
import { eventJsonOf } from '../stored-event.ts';

let redis: Redis;
let config: { readonly host: string; readonly port: number };

beforeAll(async () => {
  const { url } = await testRedis();
  redis = new Redis(url);
  const { hostname: host, port } = new URL(url);
  config = { host, port: Number(port) };
});
afterAll(() => redis.disconnect());

const stage = { partitions: 1 };

const start = (jobId: string, generation = 1, restored?: { snapshotId: number; entries: never[] }) =>
  DrivenSink.start(subscriptionSink, { config, stage, job: { jobId }, generation, restored });

/** As a running initial load, or a dead letter that comes back, gives them. */
function loading(first: number, end: number): ChangeBatch {
  const batch = insertBatch(first, end);
  return batchOfRecords(
    numbers(0, end - first).map((index) => recordOf(batch, index)),
    0,
  );
}

const seen = async (jobId: string): Promise<readonly number[]> =>
  (await redis.xrange(subscriptionKeys(jobId).partition(0), '-', '+')).map(([, fields]) =>
    Number(JSON.parse(eventJsonOf(fields[1]!)).after.id),
  );

describe('changes without a position', () => {
  it('wait with what follows them for the snapshot that covers them', async () => {
    const jobId = ulids.next();
    await using sink = await start(jobId);
    await sink.write(insertBatch(0, 5), loading(5, 10), insertBatch(10, 15));
    await sink.prepare(1);
    expect(await seen(jobId)).toEqual(numbers(0, 5));
    await sink.write(insertBatch(15, 20));
    await sink.commit(1);
    expect(await seen(jobId)).toEqual(numbers(0, 15));
    await sink.snapshot(2);
    await sink.write(insertBatch(20, 25));
    await sink.prepare(3);
    expect(await seen(jobId)).toEqual(numbers(0, 25));
  });

  it('come once when the execution is gone before, between and after', async () => {
    const jobId = ulids.next();
    const first = await start(jobId);
    await first.write(insertBatch(0, 5));
    await first.snapshot(1);
    await first.write(loading(5, 10));
    const entries = (await first.prepare(2)) as never[];
    await first.write(loading(10, 15));
    await first.prepare(3);
    await first.close();
    for (const generation of [2, 3]) {
      const next = await start(jobId, generation, { snapshotId: 2, entries });
      await next.close();
      expect(await seen(jobId)).toEqual(numbers(0, 10));
    }
    await using last = await start(jobId, 4, { snapshotId: 2, entries });
    await last.write(loading(10, 15), insertBatch(15, 20));
    await last.snapshot(3);
    expect(await seen(jobId)).toEqual(numbers(0, 20));
    expect(await redis.hget(subscriptionKeys(jobId).meta, 'waiting')).toBe('20');
  });
});

describe('a Redis that has lost what it had acknowledged', () => {
  it('stops the job instead of stepping back', async () => {
    const jobId = ulids.next();
    const first = await start(jobId);
    await first.write(insertBatch(0, 5));
    const entries = (await first.snapshot(1)) as never[];
    await first.close();
    await redis.hdel(subscriptionKeys(jobId).meta, 'position');
    await expect(start(jobId, 2, { snapshotId: 1, entries })).rejects.toMatchObject({
      code: { code: 'subscription.backlog_lost' },
    });
  });

  it('stops it too when what was prepared is gone', async () => {
    const jobId = ulids.next();
    const first = await start(jobId);
    await first.write(loading(0, 5));
    const entries = (await first.prepare(1)) as never[];
    await first.close();
    await redis.del(subscriptionKeys(jobId).list('1.1'));
    await expect(start(jobId, 2, { snapshotId: 1, entries })).rejects.toMatchObject({
      code: { code: 'subscription.backlog_lost' },
    });
  });
});
