import { ulids } from '@millrace/kernel';
import { freePort, RedisServer, testRedis } from '@millrace/testing';
import {
  describeSinkAtLeastOnce,
  describeSinkConnector,
  describeSourceConnector,
  type SinkDriver,
  type SinkTarget,
} from '@millrace/testing/acceptance';
import { Queue } from 'bullmq';
import { bullmqSink } from './connector.ts';
import { keysOf } from './job-store.ts';
import { bullmqSource } from './source/bullmq-source.ts';
import { at, configOf, removeAll, testQueue } from './test-support/test-queue.ts';

async function targetAt(url: string): Promise<SinkTarget> {
  const prefix = `t${ulids.next()}`;
  return {
    config: configOf(url),
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
    [Symbol.asyncDispose]: () => removeAll(url, prefix),
  };
}

const unreachable = async () => ({ host: '127.0.0.1', port: await freePort() });

const driver: SinkDriver = {
  connector: bullmqSink,
  fenced: /^bullmq\.fenced$/,
  module: { url: new URL('./connector.ts', import.meta.url).href, name: 'bullmqSink' },
  unreachable,
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

describeSourceConnector('bullmq', {
  connector: bullmqSource,
  metrics: ['rowsRead'],
  rowCounter: 'rowsRead',
  unreachable,
  async open() {
    const { add, ...queue } = testQueue((await testRedis()).url);
    return { ...queue, insert: (ids) => add(ids) };
  },
});
