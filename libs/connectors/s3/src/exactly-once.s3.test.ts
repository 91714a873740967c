/** The core of exactly-once.versity.test.ts on a server that shares no code with that one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
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

it.each([
  ['UploadPart', 1],
  ['record', 2],
  ['CompleteMultipartUpload', 2],
  ['PutObject', 3],
])('holds every event once when it is killed around %s %i', async (name, nth) => {
  const { url } = await testS3();
  for (const [index, moment] of (name === 'record' ? ['before', 'after'] : ['before', 'during', 'after']).entries()) {
    bucket[Symbol.dispose]();
    bucket = await TestBucket.create(url);
    const scenario = { config: bucket.config, record: join(base, `record-${index}.json`), noteBytes: 10 };
    const child = runChild('crash-child', JSON.stringify({ ...scenario, generation: 1, kill: { moment, name, nth } }));
    expect(child.signal).toBe('SIGKILL');
    await runScenario({ ...scenario, generation: 2 });
    expect([moment, ...(await violations(bucket))]).toEqual([moment]);
    expect(await bucket.uploads()).toEqual([]);
  }
});

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
