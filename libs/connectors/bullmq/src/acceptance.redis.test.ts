import { ulids } from '@millrace/kernel';
import { freePort, RedisServer, testRedis } from '@millrace/testing';
import {
  describeSinkAtLeastOnce,
  describeSinkConnector,
  type SinkDriver,
  type SinkTarget,
} from '@millrace/testing/acceptance';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { bullmqSink } from './connector.ts';
import { keysOf } from './job-store.ts';

/** Looks on a connection of its own: servers of tests are killed. */
async function at<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

async function targetAt(url: string): Promise<SinkTarget> {
  const { hostname, port } = new URL(url);
  const prefix = `t${ulids.next()}`;
  return {
    config: { host: hostname, port: Number(port) },
    stage: { prefix },
    read: () =>
      at(url, async (connection) => {
        const queue = new Queue<{ row: { id: number } }>('orders', { connection, prefix });
        const jobs = await queue.getJobs(['waiting']);
        await queue.close();
        return jobs.map(({ data }) => data.row.id);
      }),
    leftovers: (jobId) =>
      at(url, (redis) => redis.keys(`${keysOf(prefix, { jobId, jobName: '', stage: '*' }).all}waiting:*`)),
    [Symbol.asyncDispose]: () =>
      at(url, async (redis) => {
        const keys = await redis.keys(`${prefix}:*`);
        if (keys.length > 0) await redis.del(...keys);
      }),
  };
}

const driver: SinkDriver = {
  connector: bullmqSink,
  fenced: /^bullmq\.fenced$/,
  module: { url: new URL('./connector.ts', import.meta.url).href, name: 'bullmqSink' },
  unreachable: async () => ({ host: '127.0.0.1', port: await freePort() }),
  open: async () => targetAt((await testRedis()).url),
  async startServer() {
    const server = await RedisServer.start();
    return {
      target: await targetAt(server.url),
      restart: () => server.restart('SIGKILL'),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

describeSinkConnector('bullmq', driver);
describeSinkAtLeastOnce('bullmq', driver);
