import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testVersity } from '@millrace/testing';
import { eventBatch, startSink, tableOf } from './test-support/drive.ts';
import { TestBucket } from './test-support/test-bucket.ts';

const MIB = 1_048_576;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const TABLE = [tableOf('orders')];
const LARGE = 'n'.repeat(20_000);

describe('s3 sink and its memory', () => {
  let bucket: TestBucket;
  beforeEach(async () => {
    bucket = await TestBucket.create((await testVersity()).url);
  });
  afterEach(() => bucket[Symbol.dispose]());

  it('stays below its limit with one large object, and says "not now" while parts are on their way', async () => {
    const sink = await startSink({
      config: bucket.config,
      generation: 1,
      stage: { path: 'all', partBytes: '5MiB', memory: '16MiB', requests: 1 },
    });
    for (let at = 0; at < 1_600; at += 200) await sink.write(eventBatch(at, at + 200, TABLE, LARGE));
    expect(sink.refusals).toBeGreaterThan(0);
    await sink.prepare(1);
    await sink.commit(1);
    // One run of lines may go over it.
    expect(sink.gauges.get('heldBytes')!.max).toBeLessThan(17 * MIB);
    expect(sink.gauges.get('heldBytes')!.max).toBeGreaterThan(8 * MIB);
    expect(await bucket.keys()).toHaveLength(1);
    expect(await bucket.ids(await bucket.keys())).toEqual(numbers(1_600));
    await sink.close();
  });

  it.each(['none', 'gzip'])(
    'finishes the largest objects early when many partitions fill it (compression %s)',
    async (compression) => {
      const tables = numbers(40).map((index) => tableOf(`t${index}`));
      const sink = await startSink({
        config: bucket.config,
        generation: 1,
        stage: { path: '{table}', partBytes: '5MiB', memory: '16MiB', compression },
      });
      for (let at = 0; at < 1_200; at += 100) await sink.write(eventBatch(at, at + 100, tables, LARGE));
      await sink.prepare(1);
      await sink.commit(1);
      expect(sink.gauges.get('heldBytes')!.max).toBeLessThan(17 * MIB);
      expect(sink.gauges.get('heldBytes')!.now).toBe(0);
      const keys = await bucket.keys();
      expect(keys.length).toBeGreaterThan(40);
      expect((await bucket.ids(keys)).toSorted((a, b) => a - b)).toEqual(numbers(1_200));
      // Sorted by name a partition's objects hold its events in order.
      expect(await bucket.ids(keys.filter((key) => key.startsWith('t7/')))).toEqual(
        numbers(30).map((index) => index * 40 + 7),
      );
      await sink.close();
    },
  );

  it('takes one row that is larger than all of it', async () => {
    const sink = await startSink({
      config: bucket.config,
      generation: 1,
      stage: { partBytes: '5MiB', memory: '16MiB' },
    });
    await sink.write(eventBatch(0, 1, TABLE, 'n'.repeat(20 * MIB)));
    await sink.write(eventBatch(1, 10, TABLE));
    await sink.prepare(1);
    await sink.commit(1);
    expect(await bucket.ids(await bucket.keys())).toEqual(numbers(10));
    await sink.close();
  });
});
