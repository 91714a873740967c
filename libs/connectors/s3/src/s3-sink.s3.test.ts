import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testS3 } from '@millrace/testing';
import { eventBatch, JOB, startSink, tableOf } from './test-support/drive.ts';
import { TestBucket } from './test-support/test-bucket.ts';

let bucket: TestBucket;
beforeEach(async () => {
  bucket = await TestBucket.create((await testS3()).url);
});
afterEach(() => bucket[Symbol.dispose]());

const numbers = (count: number, step = 1, start = 0): number[] =>
  Array.from({ length: count }, (_, index) => start + index * step);
const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
const start = (generation: number, more: Partial<Parameters<typeof startSink>[0]> = {}): ReturnType<typeof startSink> =>
  startSink({ config: bucket.config, generation, ...more });

describe('s3 sink', () => {
  it('shows nothing before the commit, everything and a manifest after it, and commits twice without harm', async () => {
    const sink = await start(1);
    await sink.write(eventBatch(0, 10));
    const entries = await sink.prepare(1);
    expect(await bucket.keys()).toEqual([]);
    await sink.write(eventBatch(10, 20));
    await sink.commit(1);
    await sink.commit(1);
    const keys = await bucket.keys();
    expect(keys).toEqual([
      'public.%2E.%2Fodd%20name/01JD0000000000000000000000-s3-000-00000001-0000000001-000002.ndjson',
      'public.orders/01JD0000000000000000000000-s3-000-00000001-0000000001-000001.ndjson',
    ]);
    expect(sorted(await bucket.ids(keys))).toEqual(numbers(10));
    const [manifest] = await bucket.manifests();
    expect(manifest).toMatchObject({ execution: 1, snapshot: 1, writer: 0, rows: 10 });
    expect(manifest!.objects.map(({ key }) => key).toSorted()).toEqual(keys);
    expect(manifest!.objects[0]).toMatchObject({
      rows: 5,
      first: { lsn: '0/A', index: 0 },
      last: { lsn: '0/A', index: 8 },
    });
    await sink.close();
    // The same again by the next execution, which also aborts what belongs to no snapshot.
    const next = await start(2, { restored: { snapshotId: 1, entries } });
    expect(await bucket.keys()).toEqual(keys);
    expect(await bucket.uploads()).toEqual([]);
    expect(await bucket.manifests()).toEqual([manifest]);
    expect((await bucket.allKeys()).filter((key) => key.includes('fences'))).toEqual([
      `_millrace/fences/${JOB.jobId}/s3/00000002-000`,
    ]);
    await next.close();
  });

  it('hands the prepared uploads of all writers to fewer writers', async () => {
    const writers = await Promise.all([0, 1, 2].map((writer) => start(1, { instance: writer, parallelism: 3 })));
    const entries = [];
    for (const [index, sink] of writers.entries()) {
      await sink.write(eventBatch(index * 10, index * 10 + 10));
      entries.push(...(await sink.prepare(1)));
      await sink.close();
    }
    for (const writer of [0, 1]) {
      const sink = await start(2, { instance: writer, parallelism: 2, restored: { snapshotId: 1, entries } });
      await sink.close();
    }
    expect(sorted(await bucket.ids(await bucket.keys()))).toEqual(numbers(30));
    expect((await bucket.manifests()).map(({ writer, rows }) => [writer, rows])).toEqual([
      [0, 10],
      [1, 10],
      [2, 10],
    ]);
  });

  it('leaves what was written last to the snapshot that ends a bounded input', async () => {
    const sink = await start(1);
    await sink.write(eventBatch(0, 10));
    await sink.complete();
    expect(await bucket.keys()).toEqual([]);
    await sink.prepare(1);
    await sink.commit(1);
    expect(sorted(await bucket.ids(await bucket.keys()))).toEqual(numbers(10));
    await sink.close();
  });

  it('uploads large objects in parts of one size and rolls them', async () => {
    const sink = await start(1, { stage: { path: 'big', partBytes: '5MiB', rollBytes: '12MiB' } });
    const note = 'n'.repeat(10_000);
    for (let at = 0; at < 2_000; at += 100) await sink.write(eventBatch(at, at + 100, [tableOf('big')], note));
    await sink.prepare(1);
    expect(await bucket.keys()).toEqual([]);
    await sink.commit(1);
    const keys = await bucket.keys();
    expect(keys).toHaveLength(2);
    expect(await bucket.ids(keys)).toEqual(numbers(2_000));
    await sink.close();
  });

  it.each(['gzip', 'zstd'] as const)('compresses with %s', async (compression) => {
    const sink = await start(1, { stage: { path: 'all', compression } });
    for (let at = 0; at < 5_000; at += 500) await sink.write(eventBatch(at, at + 500, [tableOf('t')]));
    await sink.prepare(1);
    await sink.commit(1);
    const [key] = await bucket.keys();
    expect(key).toMatch(compression === 'gzip' ? /\.ndjson\.gz$/ : /\.ndjson\.zst$/);
    expect(await bucket.ids([key!])).toEqual(numbers(5_000));
    expect((await bucket.bytes(key!)).length).toBe((await bucket.manifests())[0]!.bytes);
    await sink.close();
  });
});
