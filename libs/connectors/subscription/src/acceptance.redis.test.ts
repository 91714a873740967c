import { afterAll, beforeAll } from '@jest/globals';
import { freePort, RedisServer } from '@millrace/testing';
import { describeSinkConnector, type SinkTarget } from '@millrace/testing/acceptance';
import { Redis } from 'ioredis';
import { subscriptionSink } from './connector.ts';
import { subscriptionKeys } from './keys.ts';
import { eventJsonOf, type StoredEvent } from './stored-event.ts';

const PARTITIONS = 4;
let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Of an empty server: what is there is of the job of the test. */
async function openTarget(port: number): Promise<SinkTarget> {
  const redis = new Redis(port);
  redis.on('error', () => {});
  await redis.flushall();
  return {
    config: { host: '127.0.0.1', port },
    stage: { partitions: PARTITIONS },
    async read() {
      const entries = (await redis.keys('*:changes:p:*')).map((key) => redis.xrange(key, '-', '+'));
      const bodies = (await Promise.all(entries))
        .flat()
        .map(([, fields]) => JSON.parse(eventJsonOf(fields[1]!)) as StoredEvent);
      return bodies.map(({ after }) => Number(after!.id));
    },
    leftovers: (jobId) => redis.smembers(subscriptionKeys(jobId).lists),
    async [Symbol.asyncDispose]() {
      redis.disconnect();
    },
  };
}

describeSinkConnector('subscription', {
  connector: subscriptionSink,
  fenced: /^subscription\.fenced$/,
  oneInstance: true,
  goesWithJob: true,
  metrics: ['pendingLength'],
  module: { url: new URL('./connector.ts', import.meta.url).href, name: 'subscriptionSink' },
  unreachable: async () => ({ port: await freePort() }),
  open: () => openTarget(server.port),
  async startServer() {
    const own = await RedisServer.start();
    const target = await openTarget(own.port);
    return {
      target,
      restart: () => own.restart('SIGKILL'),
      async [Symbol.asyncDispose]() {
        await target[Symbol.asyncDispose]();
        await own[Symbol.asyncDispose]();
      },
    };
  },
});
