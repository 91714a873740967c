import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testS3 } from '@millrace/testing';
import { runChild } from './test-support/run-child.ts';
import { runScenario } from './test-support/scenario.ts';
import { TestBucket } from './test-support/test-bucket.ts';
import { violations } from './test-support/violations.ts';

let base: string;
let bucket: TestBucket;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'millrace-s3-test-'));
  bucket = await TestBucket.create((await testS3()).url);
});
afterEach(async () => {
  bucket[Symbol.dispose]();
  await rm(base, { recursive: true, force: true });
});

const scenario = (generation: number, noteBytes = 10) => ({
  config: bucket.config,
  record: join(base, 'record.json'),
  generation,
  noteBytes,
});

/** Two tables, 100 rows each per snapshot: objects of two parts. */
const LARGE = 60_000;

/** `true` when the process was killed. */
const runAndKill = (
  generation: number,
  kill: { moment: string; name?: string; nth: number },
  noteBytes?: number,
): boolean =>
  runChild('crash-child', JSON.stringify({ ...scenario(generation, noteBytes), kill })).signal === 'SIGKILL';

describe('s3 sink, exactly once', () => {
  it.each([
    ['CreateMultipartUpload', 3],
    ['UploadPart', 1],
    ['UploadPart', 7],
    ['record', 2],
    ['CompleteMultipartUpload', 2],
    ['PutObject', 2],
    ['PutObject', 3],
  ])('holds every event once when it is killed before, during or after %s %i', async (name, nth) => {
    const noteBytes = name === 'UploadPart' ? LARGE : undefined;
    const moments = name === 'record' ? ['before', 'after'] : ['before', 'during', 'after'];
    for (const [index, moment] of moments.entries()) {
      // A bucket and a history of their own.
      bucket = await TestBucket.create((await testS3()).url);
      await rm(join(base, 'record.json'), { force: true });
      expect(runAndKill(10 * index + 1, { moment, name, nth }, noteBytes)).toBe(true);
      await runScenario(scenario(10 * index + 2, noteBytes));
      expect([moment, ...(await violations(bucket))]).toEqual([moment]);
      expect(await bucket.uploads()).toEqual([]);
    }
  });

  it('holds every event once when each attempt is killed a little later', async () => {
    let generation = 1;
    while (runAndKill(generation, { moment: 'before', nth: 3 + generation * 3 })) generation++;
    expect(generation).toBeGreaterThan(3);
    expect(await violations(bucket)).toEqual([]);
    expect(await bucket.uploads()).toEqual([]);
  });

  // Stopping before a request and being killed there leave the same bucket; going on later is the harder half.
  it('holds every event once when an execution is paused around any of its requests and wakes up later', async () => {
    const result = JSON.parse(runChild('freeze-child', base, (await testS3()).url).stdout) as {
      steps: number;
      outcomes: Record<string, number>;
      violations: string[];
    };
    expect(result.violations).toEqual([]);
    expect(result.steps).toBeGreaterThan(40);
    expect(Object.keys(result.outcomes).sort()).toEqual(['fenced by the store', 'finished', 's3.fenced']);
  });
});
