import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from '@jest/globals';
import { S3Server, testS3 } from '@millrace/testing';
import { eventBatch, startSink, tableOf } from './test-support/drive.ts';
import { TestBucket } from './test-support/test-bucket.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const TABLE = [tableOf('orders')];
const LARGE = 'n'.repeat(20_000);

it('goes on after the server was killed in mid-batch and started again', async () => {
  await using server = await S3Server.start();
  using bucket = await TestBucket.create(server.url);
  const sink = await startSink({ config: bucket.config, generation: 1, stage: { partBytes: '5MiB' } });
  for (let at = 0; at < 400; at += 100) await sink.write(eventBatch(at, at + 100, TABLE, LARGE));
  await server.down('SIGKILL');
  // Parts that are on their way, and those that come now, wait for the server.
  const writing = (async () => {
    for (let at = 400; at < 1_000; at += 100) await sink.write(eventBatch(at, at + 100, TABLE, LARGE));
    return sink.prepare(1);
  })();
  await server.up();
  const entries = await writing;
  await server.restart('SIGKILL');
  await sink.commit(1);
  await sink.close();
  bucket.reconnect();
  expect(await bucket.ids(await bucket.keys())).toEqual(numbers(1_000));
  // Completed for sure, also by the next execution.
  await server.restart('SIGKILL');
  const next = await startSink({
    config: bucket.config,
    generation: 2,
    restored: { snapshotId: 1, entries },
  });
  await next.close();
  bucket.reconnect();
  expect(await bucket.ids(await bucket.keys())).toEqual(numbers(1_000));
  expect(await bucket.uploads()).toEqual([]);
});

it('leaves objects of other writers alone, and tells what is not there any more', async () => {
  using bucket = await TestBucket.create((await testS3()).url);
  const sink = await startSink({ config: bucket.config, generation: 1 });
  await sink.write(eventBatch(0, 10, TABLE));
  const entries = await sink.prepare(1);
  await sink.close();
  await bucket.client.send(new PutObjectCommand({ Bucket: bucket.config.bucket, Key: 'mine', Body: '1' }));
  // Without the saved state these uploads belong to no snapshot.
  await (await startSink({ config: bucket.config, generation: 2 })).close();
  expect(await bucket.uploads()).toEqual([]);
  await expect(
    startSink({ config: bucket.config, generation: 3, restored: { snapshotId: 1, entries } }),
  ).rejects.toMatchObject({ code: { code: 's3.prepared_lost' }, message: expect.stringContaining('snapshot 1') });
  expect(await bucket.keys()).toEqual(['mine']);
});
