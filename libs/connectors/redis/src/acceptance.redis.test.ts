import { ulids } from '@millrace/kernel';
import { freePort, RedisServer, testRedis } from '@millrace/testing';
import {
  describeSinkConnector,
  describeSourceConnector,
  type SinkDriver,
  type SinkTarget,
} from '@millrace/testing/acceptance';
import { TEST_JOB } from '@millrace/testing/drivers';
import { Redis } from 'ioredis';
import { sinkKeys } from './sink/keys.ts';
import { redisSink } from './sink/redis-sink.ts';
import { redisSource } from './source/redis-source.ts';
import { loadedSink } from './test-support/loaded-sink.ts';

const unreachable = async () => ({ host: '127.0.0.1', port: await freePort() });

type ReadIds = (redis: Redis, key: string) => Promise<readonly number[]>;

const idOf = (text: string): number => (JSON.parse(text) as { id: number }).id;
const ofHash: ReadIds = async (redis, key) => (await redis.hvals(key)).map(idOf);
const ofStream: ReadIds = async (redis, key) =>
  (await redis.xrange(key, '-', '+')).map(([, fields]) => idOf(fields[5]!));
const ofList: ReadIds = async (redis, key) =>
  (await redis.lrange(key, 0, -1)).map((text) => (JSON.parse(text) as { row: { id: number } }).row.id);

function openTarget(port: number, type: string, read: ReadIds): SinkTarget {
  const key = `test:${ulids.next()}`;
  const redis = new Redis(port);
  redis.on('error', () => {});
  return {
    config: { host: '127.0.0.1', port },
    stage: { type, key },
    read: () => read(redis, key),
    leftovers: (jobId) => redis.smembers(sinkKeys({ ...TEST_JOB, jobId }, {}).lists),
    async [Symbol.asyncDispose]() {
      await redis.del(key);
      redis.disconnect();
    },
  };
}

const ownModule = { url: new URL('./index.ts', import.meta.url).href, name: 'redisSink' };
const loadedModule = { url: new URL('./test-support/loaded-sink.ts', import.meta.url).href, name: 'loadedSink' };

for (const [name, type, read, connector, module] of [
  ['hash', 'hash', ofHash, redisSink, ownModule],
  ['stream', 'stream', ofStream, redisSink, ownModule],
  ['list of rows without a position', 'list', ofList, loadedSink, loadedModule],
] as const) {
  const driver: SinkDriver = {
    connector,
    fenced: /^redis\.fenced$/,
    module,
    unreachable,
    open: async () => openTarget(Number(new URL((await testRedis()).url).port), type, read),
    async startServer() {
      // What it loses between two looks at the disk is before no barrier.
      const own = await RedisServer.start({ settings: { appendfsync: 'everysec' } });
      const target = openTarget(own.port, type, read);
      return {
        target,
        restart: () => own.restart('SIGKILL'),
        async [Symbol.asyncDispose]() {
          await target[Symbol.asyncDispose]();
          await own[Symbol.asyncDispose]();
        },
      };
    },
  };
  describeSinkConnector(`redis ${name}`, driver);
}

describeSourceConnector('redis', {
  connector: redisSource,
  metrics: ['rowsRead'],
  rowCounter: 'rowsRead',
  losesHistory: /^redis\.position_lost$/,
  unreachable,
  async open() {
    const { hostname: host, port } = new URL((await testRedis()).url);
    const redis = new Redis(Number(port));
    const start = ulids.next();
    let turn = 0;
    const streams = [1, 2, 3].map((each) => `${start}:${each}`);
    return {
      config: { host, port: Number(port) },
      stage: { keys: streams, table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] },
      async insert(ids) {
        const transaction = redis.multi();
        // Of one insert the ids are in order.
        const stream = streams[turn++ % streams.length]!;
        for (const id of ids) transaction.xadd(stream, '*', 'id', id, 'note', 'x');
        await transaction.exec();
      },
      lose: async () => void (await Promise.all(streams.map((stream) => redis.xtrim(stream, 'MAXLEN', 0)))),
      async [Symbol.asyncDispose]() {
        await redis.del(...streams);
        redis.disconnect();
      },
    };
  },
});

/** Rows of one key, written by this. */
function describeKey(
  type: string,
  lost: RegExp | undefined,
  write: (redis: Redis, key: string, id: number) => unknown,
) {
  describeSourceConnector(`redis ${type}`, {
    connector: redisSource,
    metrics: ['rowsRead'],
    rowCounter: 'rowsRead',
    ...(lost === undefined ? { isUnordered: true } : { losesHistory: lost }),
    unreachable,
    async open() {
      const { hostname: host, port } = new URL((await testRedis()).url);
      const redis = new Redis(Number(port));
      const key = ulids.next();
      return {
        config: { host, port: Number(port) },
        // The server tells of no changes.
        stage: { type, keys: [key], poll: '20ms', table: 'public.orders', columns: { id: 'integer' }, key: ['id'] },
        async insert(ids) {
          const transaction = redis.multi();
          for (const id of ids) write(transaction as unknown as Redis, key, id);
          await transaction.exec();
        },
        lose: async () => void (await redis.del(key)),
        async [Symbol.asyncDispose]() {
          await redis.del(key);
          redis.disconnect();
        },
      };
    },
  });
}

describeKey('list', /^redis\.position_lost$/, (redis, key, id) => redis.rpush(key, `{"id":${id}}`));
describeKey('hash', undefined, (redis, key, id) => redis.hset(key, String(id), '{}'));
