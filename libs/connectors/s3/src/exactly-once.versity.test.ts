import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testVersity } from '@millrace/testing';
import { runChild } from './test-support/run-child.ts';
import { runScenario } from './test-support/scenario.ts';
import { TestBucket } from './test-support/test-bucket.ts';
import { violations } from './test-support/violations.ts';

let base: string;
let bucket: TestBucket;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'millrace-versity-test-'));
  bucket = await TestBucket.create((await testVersity()).url);
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

it('completes an upload once only: again is harmless, and does not bring back what a reader has removed', async () => {
  const object = { Bucket: bucket.config.bucket, Key: 'twice' };
  const { UploadId } = await bucket.client.send(new CreateMultipartUploadCommand(object));
  const part = { ...object, UploadId, PartNumber: 1, Body: 'text' };
  const { ETag } = await bucket.client.send(new UploadPartCommand(part));
  const complete = () =>
    bucket.client.send(
      new CompleteMultipartUploadCommand({
        ...object,
        UploadId,
        MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] },
      }),
    );
  const { ETag: shown } = await complete();
  expect((await complete()).ETag).toBe(shown);
  await bucket.client.send(new DeleteObjectCommand(object));
  await expect(complete()).rejects.toMatchObject({ name: 'NoSuchUpload', $metadata: { httpStatusCode: 404 } });
});

describe('s3 sink, exactly once', () => {
  it.each([
    ['CreateMultipartUpload', 3],
    ['UploadPart', 7],
    ['record', 2],
    ['CompleteMultipartUpload', 2],
    ['PutObject', 3],
  ])('holds every event once when it is killed before, during or after %s %i', async (name, nth) => {
    const noteBytes = name === 'UploadPart' ? LARGE : undefined;
    const moments = name === 'record' ? ['before', 'after'] : ['before', 'during', 'after'];
    for (const [index, moment] of moments.entries()) {
      // A bucket and a history of their own.
      bucket = await TestBucket.create((await testVersity()).url);
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
    const result = JSON.parse(runChild('freeze-child', base, (await testVersity()).url).stdout) as {
      steps: number;
      violations: string[];
    };
    expect(result.violations).toEqual([]);
    expect(result.steps).toBeGreaterThan(40);
  });
});
