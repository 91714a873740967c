import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batchOfRecords, type ChangeBatch, type EventRecord, type TableSchema } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { RedisServer, testRedis } from '@millrace/testing';
import { insertBatch } from '@millrace/testing/acceptance';
import { DrivenSink, TEST_JOB } from '@millrace/testing/drivers';
import { Redis } from 'ioredis';
import { asLoaded } from '../test-support/loaded-sink.ts';
import { sinkKeys } from './keys.ts';
import { redisSink } from './redis-sink.ts';

let redis: Redis;
let config: { readonly host: string; readonly port: number };

beforeAll(async () => {
  const { url } = await testRedis();
  redis = new Redis(url);
  const { hostname: host, port } = new URL(url);
  config = { host, port: Number(port) };
});
afterAll(() => redis.disconnect());

const TABLE: TableSchema = {
  id: 'shop.items',
  schema: 'shop',
  table: 'items',
  fieldCount: 3,
  replicaIdentity: 'default',
  columns: [
    { name: 'id', field: 0, kind: 'integer', sqlType: 'integer', key: true, nullable: false },
    { name: 'price', field: 1, kind: 'exact', sqlType: 'numeric', key: false, nullable: true },
    { name: 'note', field: 2, kind: 'text', sqlType: 'text', key: false, nullable: true },
  ],
};

type Image = EventRecord['after'];

const event = (op: string, before: Image, after: Image, schema = TABLE): EventRecord => ({
  op,
  schema,
  before,
  after,
  flags: 0,
  position: null,
  xid: null,
  commitTimeUs: null,
  receivedMs: 0,
});
const batch = (...events: readonly EventRecord[]): ChangeBatch => batchOfRecords(events, 0);

const CHANGES = batch(
  event('r', null, { id: '1', price: '1.50', note: 'ä "quoted"' }),
  event('c', null, { id: '2', price: '20', note: null }),
  event('c', null, { id: '3', price: '3', note: 'gone' }),
  event('u', null, { id: '1', price: '2.50', note: 'new' }),
  event('d', { id: '3', price: null, note: null }, null),
);

/** A key of a test's own, with the two placeholders in it. */
const keyOf = () => {
  const start = ulids.next();
  return { template: `${start}:{schema}.{table}`, key: `${start}:shop.items` };
};

interface StartOptions {
  readonly jobId?: string;
  readonly generation?: number;
  readonly restored?: { readonly snapshotId: number; readonly entries: never[] };
  readonly server?: object;
}

const start = (stage: object, { jobId = ulids.next(), generation = 1, restored, server }: StartOptions = {}) =>
  DrivenSink.start(redisSink, { config: server ?? config, stage, job: { jobId }, generation, restored });

describe('each type of target', () => {
  const written = async (type: string, more: object = {}): Promise<string> => {
    const { template, key } = keyOf();
    await using sink = await start({ type, key: template, ...more });
    await sink.write(CHANGES);
    await sink.snapshot(1);
    return key;
  };

  it('has the rows as they are at the end, in places of their own', async () => {
    const one = '{"id":1,"price":"2.50","note":"new"}';
    const two = '{"id":2,"price":"20","note":null}';
    expect(await redis.hgetall(await written('hash'))).toEqual({ 1: one, 2: two });
    expect(await redis.hgetall(await written('hash', { value: 'note' }))).toEqual({ 1: 'new' });
    const hashes = await written('hashes');
    expect(await redis.hgetall(`${hashes}:1`)).toEqual({ id: '1', price: '2.50', note: 'new' });
    expect(await redis.hgetall(`${hashes}:2`)).toEqual({ id: '2', price: '20' });
    expect(await redis.exists(`${hashes}:3`)).toBe(0);
    const strings = await written('string');
    expect(await redis.mget(`${strings}:1`, `${strings}:2`, `${strings}:3`)).toEqual([one, two, null]);
    const sorted = await written('sorted-set', { score: 'price' });
    expect(await redis.zrange(sorted, '0', '-1', 'WITHSCORES')).toEqual(['1', '2.5', '2', '20']);
    const { key } = keyOf();
    await using sink = await start({ type: 'sorted-set', key, rowKey: ['id', 'note'] });
    await sink.write(insertBatch(0, 2));
    await sink.snapshot(1);
    expect(await redis.zrange(key, '0', '-1')).toEqual(['["0","x"]', '["1","x"]']);
  });

  it('has every change in its order, where it appends', async () => {
    const list = await redis.lrange(await written('list'), 0, -1);
    expect(list).toHaveLength(5);
    expect(JSON.parse(list[0]!)).toEqual({ op: 'r', row: { id: 1, price: '1.50', note: 'ä "quoted"' } });
    expect(JSON.parse(list[4]!)).toEqual({ op: 'd', row: { id: 3 } });
    const stream = await redis.xrange(await written('stream', { maxLength: 1_000 }), '-', '+');
    expect(stream.map(([, fields]) => fields[3])).toEqual(['r', 'c', 'c', 'u', 'd']);
    expect(stream[4]![1]).toEqual(['table', 'shop.items', 'op', 'd', 'row', '{"id":3}']);
  });

  it('publishes each change to those who listen', async () => {
    const { template, key } = keyOf();
    const heard: string[] = [];
    const listener = redis.duplicate();
    await listener.subscribe(key);
    const all = new Promise<void>((resolve) => {
      listener.on('message', (_, message) => {
        if (heard.push(message) === 5) resolve();
      });
    });
    await using sink = await start({ type: 'publish', key: template });
    await sink.write(CHANGES);
    await all;
    listener.disconnect();
    expect(JSON.parse(heard[3]!)).toEqual({ op: 'u', row: { id: 1, price: '2.50', note: 'new' } });
  });

  it('keeps large values that were not sent again in fields, takes them from a full row before, and refuses to lose them', async () => {
    const update = event('u', null, { id: '1', price: null });
    const { template, key } = keyOf();
    await using fields = await start({ type: 'hashes', key: template });
    await fields.write(CHANGES, batch(update));
    await fields.snapshot(1);
    expect(await redis.hgetall(`${key}:1`)).toEqual({ id: '1', note: 'new' });
    const full = { ...TABLE, replicaIdentity: 'full' as const };
    await using whole = await start({ type: 'hash', key: template.replace('{schema}', 'whole') });
    await whole.write(batch(event('u', { id: '1', price: '2.50', note: 'large' }, { id: '1', price: '7' }, full)));
    await whole.snapshot(1);
    expect(await redis.hget(key.replace('shop', 'whole'), '1')).toBe('{"id":1,"price":"7","note":"large"}');
    await expect(whole.write(batch(update))).rejects.toMatchObject({
      code: { code: 'redis.row_refused' },
      message: expect.stringContaining('"note"'),
      mend: expect.stringContaining('REPLICA IDENTITY FULL'),
    });
  });

  it('empties a hash with its table, and says that rows with keys of their own cannot be found', async () => {
    const { template, key } = keyOf();
    const truncate = batch(event('t', null, null));
    await using sink = await start({ type: 'hash', key: template });
    await sink.write(CHANGES, truncate);
    await sink.snapshot(1);
    expect(await redis.exists(key)).toBe(0);
    await using strings = await start({ type: 'string', key: template });
    await expect(strings.write(truncate)).rejects.toMatchObject({ code: { code: 'redis.table_unfit' } });
  });
});

describe('what cannot be written', () => {
  it('stops the job before anything of the batch is there, and goes on when it is mended', async () => {
    const { template, key } = keyOf();
    await redis.set(key, 'of somebody else');
    const jobId = ulids.next();
    const refused = await start({ type: 'list', key: template }, { jobId });
    const rows = insertBatch(0, 10);
    const other = { type: 'list', key };
    await refused.close();
    const sink = await start(other, { jobId, generation: 2 });
    await expect(sink.write(rows).then(() => sink.prepare(1))).rejects.toMatchObject({
      code: { code: 'redis.key_of_other_type' },
      message: expect.stringContaining(key),
    });
    await sink.close();
    await redis.del(key);
    await using next = await start(other, { jobId, generation: 3 });
    await next.write(rows);
    await next.snapshot(1);
    expect(await redis.llen(key)).toBe(10);
  });

  it('is noticed by the next execution when a script broke off in its middle', async () => {
    const jobId = ulids.next();
    const stage = { type: 'list', key: keyOf().key };
    await redis.hset(sinkKeys({ ...TEST_JOB, jobId }, {}).meta, 'broken', 'ERR of the server');
    await expect(start(stage, { jobId })).rejects.toMatchObject({
      code: { code: 'redis.half_applied' },
      message: expect.stringContaining('ERR of the server'),
    });
  });

  it('says that the changes of two sources have no common order', async () => {
    await using sink = await start({ type: 'hash', key: keyOf().key });
    await sink.write(insertBatch(10, 20));
    await expect(sink.write(insertBatch(0, 10))).rejects.toMatchObject({ code: { code: 'redis.not_in_order' } });
  });
});

it('shows what two snapshots had put aside once, however often the second is restored', async () => {
  const jobId = ulids.next();
  const stage = { type: 'stream', key: keyOf().key };
  const first = await start(stage, { jobId });
  await first.write(asLoaded(insertBatch(0, 10)));
  await first.prepare(1);
  await first.write(asLoaded(insertBatch(10, 20)));
  const entries = (await first.prepare(2)) as never[];
  await first.close();
  for (const generation of [2, 3]) {
    await (await start(stage, { jobId, generation, restored: { snapshotId: 2, entries } })).close();
    expect(await redis.xlen(stage.key)).toBe(20);
  }
});

describe('a server that has lost what it had acknowledged', () => {
  it.each([
    ['the newest writes', insertBatch, (keys: ReturnType<typeof sinkKeys>) => redis.hset(keys.meta, 'applied', '0')],
    ['everything', insertBatch, (keys: ReturnType<typeof sinkKeys>) => redis.del(keys.meta)],
    [
      'what was prepared',
      (first: number, end: number) => asLoaded(insertBatch(first, end)),
      (keys: ReturnType<typeof sinkKeys>) => redis.del(keys.list('1.1')),
    ],
  ])('stops the job when %s are gone', async (_, rows, lose) => {
    const jobId = ulids.next();
    const stage = { type: 'stream', key: keyOf().key };
    const first = await start(stage, { jobId });
    await first.write(rows(0, 10));
    const entries = (await first.prepare(1)) as never[];
    await first.close();
    await lose(sinkKeys({ ...TEST_JOB, jobId }, {}));
    await expect(start(stage, { jobId, generation: 2, restored: { snapshotId: 1, entries } })).rejects.toMatchObject({
      code: { code: 'redis.progress_lost', retry: 'after-repair' },
      mend: expect.any(String),
    });
  });

  it('is noticed by the next batch, and the job starts again from its snapshot', async () => {
    const jobId = ulids.next();
    const stage = { type: 'stream', key: keyOf().key };
    await using sink = await start(stage, { jobId });
    await sink.write(insertBatch(0, 10));
    await sink.prepare(1);
    await redis.hset(sinkKeys({ ...TEST_JOB, jobId }, {}).meta, 'applied', '0');
    await expect(sink.write(insertBatch(10, 20)).then(() => sink.prepare(2))).rejects.toMatchObject({
      code: { code: 'redis.set_back', retry: 'later' },
    });
    expect(await redis.xlen(stage.key)).toBe(10);
  });
});

it('refuses a server that never looks at its disk', async () => {
  await using server = await RedisServer.start({ settings: { appendfsync: 'no' } });
  const own = redisSink.config.parse({ host: '127.0.0.1', port: server.port });
  const found = await redisSink.check(own, new AbortController().signal);
  expect(found).toContainEqual(expect.objectContaining({ code: 'redis.not_durable', severity: 'error' }));
});

it('writes to a cluster what is in one slot, and says so when it is not', async () => {
  await using server = await RedisServer.start({ settings: { 'cluster-enabled': 'yes' } });
  const cluster = new Redis(server.port);
  try {
    await cluster.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    while (!(await cluster.cluster('INFO')).includes('cluster_state:ok'));
    const one = { host: '127.0.0.1', port: server.port };
    await using sink = await start({ type: 'hashes', key: 'items', hashTag: 'shop' }, { server: one });
    await sink.write(CHANGES);
    await sink.snapshot(1);
    expect(await cluster.hgetall('{shop}:items:1')).toEqual({ id: '1', price: '2.50', note: 'new' });
    await using spread = await start({ type: 'hashes', key: 'items' }, { server: one });
    await expect(spread.write(CHANGES).then(() => spread.prepare(1))).rejects.toMatchObject({
      code: { code: 'redis.refused' },
      message: expect.stringContaining('slot'),
    });
  } finally {
    cluster.disconnect();
  }
});
