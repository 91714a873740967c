import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { testVersity } from '@millrace/testing';
import { eventBatch, startSink, tableOf } from './test-support/drive.ts';
import { liveObjects } from './test-support/live-objects.ts';
import { runCompactor } from './test-support/run-compactor.ts';
import { TestBucket } from './test-support/test-bucket.ts';
import { watchRequests } from './test-support/watched-requests.ts';

const ROWS = 160;
/** Objects of more than 1 KiB. */
const ROWS_EACH = 20;
const ALL = Array.from({ length: ROWS }, (_, id) => id);
const HOUR_MS = 3_600_000;
const WRITES = new Set(['PutObject', 'DeleteObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload']);

let bucket: TestBucket;

/** A bucket with eight small objects. */
async function freshBucket(): Promise<TestBucket> {
  const fresh = await TestBucket.create((await testVersity()).url);
  const sink = await startSink({ config: fresh.config, generation: 1, stage: { rollRows: ROWS_EACH } });
  await sink.write(eventBatch(0, ROWS, [tableOf('t')]));
  await sink.prepare(1);
  await sink.commit(1);
  await sink.close();
  return fresh;
}
beforeEach(async () => {
  bucket = await freshBucket();
});
afterEach(() => bucket[Symbol.dispose]());

/** What must be so at any moment. */
async function expectEachOnce(): Promise<void> {
  expect((await bucket.ids(await liveObjects(bucket))).sort((a, b) => a - b)).toEqual(ALL);
}

/** What must be so in the end: nothing else is there. A probe of the server may be left by one that died in the middle of it. */
async function expectTidy(): Promise<void> {
  await expectEachOnce();
  expect(await liveObjects(bucket)).toHaveLength(1);
  expect(await bucket.keys()).toEqual(await liveObjects(bucket));
  expect(await bucket.uploads()).toEqual([]);
  expect((await bucket.allKeys()).filter((key) => key.includes('/intents/'))).toEqual([]);
}

const compact = (laterMs = 0, below = '1MiB'): Promise<number> =>
  runCompactor(bucket, { compaction: { below, keep: '1h' } }, laterMs);

interface Plan {
  count: number;
  readonly at: (step: number, request: string) => void | Promise<void>;
}
const planned = new AsyncLocalStorage<Plan>();
beforeAll(() =>
  watchRequests(async (moment, name) => {
    const plan = planned.getStore();
    // Stopping after a request and before the next leave the same bucket.
    if (plan === undefined || moment !== 'before') return;
    plan.count += 1;
    await plan.at(plan.count, name);
  }),
);

/** A compactor that something happens to before each of its requests. */
const attempt = (at: Plan['at']): Promise<string> =>
  planned.run({ count: 0, at }, () =>
    compact().then(
      () => 'done',
      (error: { message: string }) => error.message,
    ),
  );

it('keeps each row once when a compactor dies before any of its writes, and tidies up later', async () => {
  let deaths = 0;
  for (let outcome = ''; outcome !== 'done'; deaths++) {
    bucket[Symbol.dispose]();
    bucket = await freshBucket();
    // Dead: nothing that comes later is sent.
    let writes = 0;
    outcome = await attempt((_, request) => {
      // Between two that only read nothing changes.
      writes += WRITES.has(request) ? 1 : 0;
      if (writes > deaths) throw new Error('dead');
    });
    await expectEachOnce();
    // The next one finds it as it is; then what is due to be removed goes.
    await compact();
    await expectEachOnce();
    await compact(2 * HOUR_MS);
    await compact(4 * HOUR_MS);
    await expectTidy();
  }
  expect(deaths).toBeGreaterThan(8);
});

it('keeps each row once when a compactor that was paused at any of its requests wakes up after another', async () => {
  let steps = 0;
  for (let isOver = false; !isOver; steps += 1) {
    bucket[Symbol.dispose]();
    bucket = await freshBucket();
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const paused = attempt(async (step) => {
      if (step !== steps + 1) return;
      reached.resolve();
      await released.promise;
    });
    isOver = (await Promise.race([reached.promise, paused])) === 'done';
    await compact();
    // The old objects are gone, and what the paused one has begun.
    await compact(2 * HOUR_MS);
    await expectEachOnce();
    released.resolve();
    await paused;
    await expectEachOnce();
    await compact(4 * HOUR_MS);
    await compact(6 * HOUR_MS);
    await expectTidy();
  }
  expect(steps).toBeGreaterThan(30);
});

it('is refused when what it had begun was given up, though nobody else had anything to do', async () => {
  const outcomes: string[] = [];
  for (let nth = 1; nth <= 4; nth++) {
    bucket[Symbol.dispose]();
    bucket = await freshBucket();
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    let puts = 0;
    const paused = attempt(async (_, request) => {
      puts += request === 'PutObject' ? 1 : 0;
      if (request !== 'PutObject' || puts !== nth) return;
      reached.resolve();
      await released.promise;
    });
    await reached.promise;
    // It finds no objects that are small enough.
    expect(await compact(2 * HOUR_MS, '1KiB')).toBe(0);
    released.resolve();
    outcomes.push(await paused);
    await expectEachOnce();
    await compact(4 * HOUR_MS);
    await compact(6 * HOUR_MS);
    await expectTidy();
  }
  expect(outcomes).toEqual(['done', 'done', 'done', 'done']);
});
