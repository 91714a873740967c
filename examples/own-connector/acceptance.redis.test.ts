import { ulids } from '@millrace/kernel';
import { freePort, testRedis } from '@millrace/testing';
import { describeSinkConnector, describeSourceConnector } from '@millrace/testing/acceptance';
import { TEST_JOB } from '@millrace/testing/drivers';
import { connect, keysOf, keysWith } from './client.ts';
import { connectionSchema } from './config.ts';
import { redisStreamsSink, redisStreamsSource } from './connector.ts';

/** The server of the tests, and a stream of one test's own. */
async function openStream() {
  const { hostname: host, port } = new URL((await testRedis()).url);
  const config = { host, port: Number(port) };
  return { config, stream: `test:${ulids.next()}`, redis: await connect(connectionSchema.parse(config)) };
}

const unreachable = async () => ({ host: '127.0.0.1', port: await freePort() });

// #region sink
describeSinkConnector('redis-streams', {
  connector: redisStreamsSink,
  fenced: /^redis-streams\.fenced$/,
  module: { url: new URL('./connector.ts', import.meta.url).href, name: 'redisStreamsSink' },
  unreachable,
  async open() {
    const { config, stream, redis } = await openStream();
    return {
      config,
      stage: { stream },
      read: async () =>
        (await redis.xrange(stream, '-', '+')).map(([, fields]) => (JSON.parse(fields[5]!) as { id: number }).id),
      leftovers: (jobId) => keysWith(redis, keysOf({ ...TEST_JOB, jobId }).waiting),
      async [Symbol.asyncDispose]() {
        await redis.del(stream);
        redis.disconnect();
      },
    };
  },
});
// #endregion sink

// #region source
describeSourceConnector('redis-streams', {
  connector: redisStreamsSource,
  metrics: ['rowsRead'],
  rowCounter: 'rowsRead',
  losesHistory: /^redis-streams\.position_lost$/,
  unreachable,
  async open() {
    const { config, stream, redis } = await openStream();
    return {
      config,
      stage: { stream, table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] },
      async insert(ids) {
        const pipeline = redis.pipeline();
        for (const id of ids) pipeline.xadd(stream, '*', 'row', JSON.stringify({ id, note: 'x' }));
        await pipeline.exec();
      },
      lose: async () => void (await redis.xtrim(stream, 'MAXLEN', 0)),
      async [Symbol.asyncDispose]() {
        await redis.del(stream);
        redis.disconnect();
      },
    };
  },
});
// #endregion source
