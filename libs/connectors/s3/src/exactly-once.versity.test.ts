/** The core of exactly-once.s3.test.ts on a server that shares no code with S3Proxy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
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

it.each([
  ['UploadPart', 1],
  ['record', 2],
  ['CompleteMultipartUpload', 2],
  ['PutObject', 3],
])('holds every event once when it is killed around %s %i', async (name, nth) => {
  const { url } = await testVersity();
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
  const result = JSON.parse(runChild('freeze-child', base, (await testVersity()).url).stdout) as {
    steps: number;
    violations: string[];
  };
  expect(result.violations).toEqual([]);
  expect(result.steps).toBeGreaterThan(40);
});
