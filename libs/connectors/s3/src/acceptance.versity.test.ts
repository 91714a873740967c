import { PutObjectCommand } from '@aws-sdk/client-s3';
import { freePort, testVersity, VersityServer } from '@millrace/testing';
import {
  describeSinkAtLeastOnce,
  describeSinkConnector,
  describeSourceConnector,
  type SinkDriver,
  type SinkTarget,
} from '@millrace/testing/acceptance';
import { s3Sink, s3Source } from './index.ts';
import { TestBucket } from './test-support/test-bucket.ts';

async function targetAt(url: string) {
  const bucket = await TestBucket.create(url);
  const target: SinkTarget = {
    config: bucket.config as unknown as Record<string, unknown>,
    stage: { memory: '16MiB', partBytes: '5MiB' },
    read: async () => bucket.ids(await bucket.keys()),
    leftovers: () => bucket.uploads(),
    [Symbol.asyncDispose]: async () => bucket[Symbol.dispose](),
  };
  return { bucket, target };
}

const driver: SinkDriver = {
  connector: s3Sink,
  fenced: /^s3\.fenced$/,
  metrics: ['heldBytes', 'objectsPublished'],
  module: { url: new URL('./index.ts', import.meta.url).href, name: 's3Sink' },
  unreachable: async () => ({ endpoint: `http://127.0.0.1:${await freePort()}` }),
  open: async () => (await targetAt((await testVersity()).url)).target,
  async startServer() {
    const server = await VersityServer.start();
    const { bucket, target } = await targetAt(server.url);
    return {
      target,
      async restart() {
        await server.restart('SIGKILL');
        bucket.reconnect();
      },
      async [Symbol.asyncDispose]() {
        bucket[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  },
};

describeSinkConnector('s3', driver);
describeSinkAtLeastOnce('s3', driver);

describeSourceConnector('s3', {
  connector: s3Source,
  metrics: ['rowsRead', 'objectsRead'],
  rowCounter: 'rowsRead',
  unreachable: async () => ({ endpoint: `http://127.0.0.1:${await freePort()}` }),
  async open() {
    const bucket = await TestBucket.create((await testVersity()).url);
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
