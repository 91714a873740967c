import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { testS3 } from '@millrace/testing';
import { Bucket } from '../bucket/bucket.ts';
import { tableOf } from '../test-support/drive.ts';
import { TestBucket } from '../test-support/test-bucket.ts';
import { type PreparedGroup, prepareGroup } from './prepared.ts';
import { publish } from './publish.ts';

const KEY = 'all/object.ndjson';
const MANIFEST = '_millrace/manifests/1.json';
const BODY = Buffer.from('{"id":1}\n');

let seen: TestBucket;
let bucket: Bucket;
beforeEach(async () => {
  seen = await TestBucket.create((await testS3()).url);
  const { signal } = new AbortController();
  bucket = await Bucket.connect({ config: seen.config, clock: systemClock, signal, requests: 4 });
});
afterEach(() => {
  bucket[Symbol.dispose]();
  seen[Symbol.dispose]();
});

async function prepared(): Promise<PreparedGroup> {
  const upload = await bucket.createUpload(KEY);
  const etags = [await bucket.uploadPart(upload, 1, BODY)];
  const object = { ...upload, etags, sequence: 1, schema: tableOf('t'), rows: 1, bytes: BODY.length };
  return prepareGroup([{ ...object, first: undefined, last: undefined }], MANIFEST, {
    job: { id: 'job', name: 'lake' },
    stage: 's3',
    writer: 0,
    execution: 1,
    snapshot: 7,
  });
}

const put = (key: string, body: string | Uint8Array) =>
  seen.client.send(new PutObjectCommand({ Bucket: seen.config.bucket, Key: key, Body: body }));

/** As servers answer that forget an upload once it is completed (this one remembers). */
const usedUp = ({ uploads, manifest }: PreparedGroup) =>
  bucket.abortUpload({ key: manifest.objects[0]!.key, uploadId: uploads[0]!.uploadId });

describe('publishing again', () => {
  it('takes an upload that is used up for done when its object is there, and writes the same manifest', async () => {
    const group = await prepared();
    await publish(bucket, group);
    const manifest = await seen.text(MANIFEST);
    await seen.client.send(new DeleteObjectCommand({ Bucket: seen.config.bucket, Key: MANIFEST }));
    await publish(bucket, group);
    expect(await seen.text(MANIFEST)).toBe(manifest);

    const again = await prepared();
    await usedUp(again);
    await seen.client.send(new DeleteObjectCommand({ Bucket: seen.config.bucket, Key: MANIFEST }));
    await publish(bucket, again);
    expect(JSON.parse(await seen.text(MANIFEST))).toMatchObject({ snapshot: 7, rows: 1, bytes: BODY.length });
  });

  it('finds out when it is another object, or none', async () => {
    const group = await prepared();
    await usedUp(group);
    await expect(publish(bucket, group)).rejects.toMatchObject({
      code: { code: 's3.prepared_lost', retry: 'after-repair' },
      message: expect.stringContaining('is not there'),
    });
    await put(KEY, 'other');
    await expect(publish(bucket, group)).rejects.toMatchObject({
      code: { code: 's3.prepared_lost' },
      message: expect.stringContaining(`has 5 bytes instead of ${BODY.length}`),
    });
    expect(await seen.manifests()).toEqual([]);
  });

  it('leaves everything alone once the manifest is there: a reader may have moved the objects', async () => {
    const group = await prepared();
    await put(MANIFEST, '{}');
    await publish(bucket, group);
    expect(await seen.keys()).toEqual([]);
    expect(await seen.uploads()).toEqual([KEY]);
  });
});
