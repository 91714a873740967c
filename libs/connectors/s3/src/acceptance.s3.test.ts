import { PutObjectCommand } from '@aws-sdk/client-s3';
import { freePort, testS3 } from '@millrace/testing';
import { describeSinkConnector, describeSourceConnector } from '@millrace/testing/acceptance';
import { s3Sink, s3Source } from './index.ts';
import { TestBucket } from './test-support/test-bucket.ts';

describeSinkConnector('s3', {
  connector: s3Sink,
  fenced: /^s3\.fenced$/,
  metrics: ['heldBytes', 'objectsPublished'],
  module: { url: new URL('./index.ts', import.meta.url).href, name: 's3Sink' },
  unreachable: async () => ({ endpoint: `http://127.0.0.1:${await freePort()}` }),
  async open() {
    const bucket = await TestBucket.create((await testS3()).url);
    return {
      config: bucket.config as unknown as Record<string, unknown>,
      stage: { memory: '16MiB', partBytes: '5MiB' },
      read: async () => bucket.ids(await bucket.keys()),
      leftovers: () => bucket.uploads(),
      [Symbol.asyncDispose]: async () => bucket[Symbol.dispose](),
    };
  },
});

describeSourceConnector('s3', {
  connector: s3Source,
  metrics: ['rowsRead', 'objectsRead'],
  rowCounter: 'rowsRead',
  unreachable: async () => ({ endpoint: `http://127.0.0.1:${await freePort()}` }),
  async open() {
    const bucket = await TestBucket.create((await testS3()).url);
    let count = 0;
    return {
      config: bucket.config as unknown as Record<string, unknown>,
      stage: {
        objects: '**',
        poll: '1s',
        table: 'public.orders',
        columns: { id: 'integer', note: 'text' },
        key: ['id'],
      },
      async insert(ids) {
        count += 1;
        const Key = `${String(count).padStart(6, '0')}.ndjson`;
        const Body = ids.map((id) => `{"id":${id},"note":"x"}\n`).join('');
        await bucket.client.send(new PutObjectCommand({ Bucket: bucket.config.bucket, Key, Body }));
      },
      [Symbol.asyncDispose]: async () => bucket[Symbol.dispose](),
    };
  },
});
