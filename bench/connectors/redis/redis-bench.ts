import { redisSink, redisSource } from '@millrace/connector-redis';
import { type ChangeBatch, declaredSchema, encodeRows, lsn } from '@millrace/formats';
import { RedisServer } from '@millrace/testing';
import { DrivenSink } from '@millrace/testing/drivers';
import { type ChainableCommander, Redis } from 'ioredis';
import type { BenchOptions } from '../../harness/options.ts';
import { alternate } from '../../harness/result.ts';
import type { Comparison, ConnectorBench } from '../connector-bench.ts';
import { drainSource } from '../drain-source.ts';

const ROWS = 500_000;
const BATCH_ROWS = 1_000;
const SNAPSHOT_ROWS = 100_000;
/** As the sink has. */
const UNDER_WAY_MAX = 4;
const NOTE = 'n'.repeat(100);
const KEY = 'bench';

/** Adds the command of a row to a pipeline, as a user of the client writes it. */
const COMMANDS: Readonly<Record<string, (pipeline: ChainableCommander, id: number, row: string) => void>> = {
  hash: (pipeline, id, row) => void pipeline.hset(KEY, id, row),
  hashes: (pipeline, id) => void pipeline.hset(`${KEY}:${id}`, 'id', id, 'note', NOTE),
  list: (pipeline, _, row) => void pipeline.rpush(KEY, row),
  stream: (pipeline, _, row) => void pipeline.xadd(KEY, '*', 'table', 'public.orders', 'op', 'c', 'row', row),
};

const TABLE = { table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] } as const;
const SCHEMA = declaredSchema(TABLE);

/** Rows of one transaction of a log. */
function transactionOf(first: number): ChangeBatch {
  const rows = Array.from({ length: BATCH_ROWS }, (_, index) => ({ id: String(first + index), note: NOTE }));
  return {
    ...encodeRows(SCHEMA, rows, { receivedMs: 0 }),
    flags: new Uint8Array(BATCH_ROWS),
    transactionOf: new Uint32Array(BATCH_ROWS),
    indexInTransaction: Uint32Array.from(rows.keys()),
    transactions: [{ commitLsn: lsn(BigInt(first + BATCH_ROWS)), xid: 1, commitTimeUs: 0n, complete: true }],
  };
}

const perSecond = async (rows: number, run: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now();
  await run();
  return (rows * 1_000) / (performance.now() - startMs);
};

/** Redis (`appendfsync everysec`) as a sink, exactly once with a snapshot every 100,000 rows, and streams as a source, each against the same commands pipelined by the same client. */
async function run({ scale, rounds }: BenchOptions): Promise<readonly Comparison[]> {
  const rows = Math.ceil((ROWS * scale) / SNAPSHOT_ROWS) * SNAPSHOT_ROWS;
  await using server = await RedisServer.start({ settings: { appendfsync: 'everysec' } });
  const config = { host: '127.0.0.1', port: server.port };
  const redis = new Redis(server.port);
  const batches: ChangeBatch[] = [];
  for (let at = 0; at < rows; at += BATCH_ROWS) batches.push(transactionOf(at));

  const ours = async (type: string): Promise<number> => {
    await redis.flushall();
    await using sink = await DrivenSink.start(redisSink, { config, stage: { type, key: KEY } });
    return await perSecond(rows, async () => {
      for (let at = 0; at < batches.length; at += SNAPSHOT_ROWS / BATCH_ROWS) {
        await sink.write(...batches.slice(at, at + SNAPSHOT_ROWS / BATCH_ROWS));
        await sink.snapshot(at + 1);
      }
    });
  };
  const bare = async (type: string): Promise<number> => {
    await redis.flushall();
    const command = COMMANDS[type]!;
    return await perSecond(rows, async () => {
      const underWay: Promise<unknown>[] = [];
      for (let at = 0; at < rows; at += BATCH_ROWS) {
        const pipeline = redis.pipeline();
        for (let id = at; id < at + BATCH_ROWS; id++) command(pipeline, id, `{"id":${id},"note":"${NOTE}"}`);
        underWay.push(pipeline.exec());
        if (underWay.length >= UNDER_WAY_MAX) await underWay.shift();
      }
      await Promise.all(underWay);
    });
  };
  const comparisons: Comparison[] = [];
  const compare = async (
    name: string,
    yardstick: string,
    our: () => Promise<number>,
    their: () => Promise<number>,
  ): Promise<void> => {
    const result = await alternate(name, rounds, our, their);
    const ratio = Math.round(result.ratio * 1_000) / 1_000;
    comparisons.push({ name, yardstick, unit: 'rows/s', ours: result.ours, theirs: result.yardstick, ratio });
  };
  for (const type of Object.keys(COMMANDS)) {
    await compare(
      `sink ${type}`,
      'ioredis pipelines',
      () => ours(type),
      () => bare(type),
    );
  }
  // What was written to the stream last is still there.
  const stage = { ...TABLE, keys: [KEY], field: 'row', follow: false };
  await compare(
    'source stream',
    'XREAD and JSON.parse',
    () => perSecond(rows, () => drainSource(redisSource, config, stage, rows)),
    () => perSecond(rows, () => readAll(redis, rows)),
  );
  for (const [type, yardstick] of Object.entries(YARDSTICKS)) {
    await bare(type);
    const read = { ...TABLE, type, keys: [KEY], rows, follow: false };
    await compare(
      `source ${type}`,
      yardstick.name,
      () => perSecond(rows, () => drainSource(redisSource, config, read, rows)),
      () => perSecond(rows, () => yardstick.read(redis)),
    );
  }
  redis.disconnect();
  return comparisons;
}

/** What a source of rows is compared with: the same commands by the same client, and JSON parsed. */
const YARDSTICKS = {
  list: {
    name: 'LRANGE and JSON.parse',
    async read(redis: Redis): Promise<void> {
      for (let at = 0; ; at += BATCH_ROWS) {
        const found = await redis.lrange(KEY, at, at + BATCH_ROWS - 1);
        for (const text of found) JSON.parse(text);
        if (found.length < BATCH_ROWS) return;
      }
    },
  },
  hash: {
    name: 'HSCAN and JSON.parse',
    async read(redis: Redis): Promise<void> {
      let cursor = '0';
      do {
        const [next, parts] = await redis.hscan(KEY, cursor, 'COUNT', BATCH_ROWS);
        for (let at = 1; at < parts.length; at += 2) JSON.parse(parts[at]!);
        cursor = next;
      } while (cursor !== '0');
    },
  },
};

/** Entries as the client gives them, with their JSON parsed. */
async function readAll(redis: Redis, rows: number): Promise<void> {
  let seen = 0;
  for (let id = '0-0'; ; ) {
    const found = await redis.xread('COUNT', BATCH_ROWS, 'STREAMS', KEY, id);
    const entries = found?.[0]?.[1] ?? [];
    if (entries.length === 0) break;
    for (const [, fields] of entries) if (typeof JSON.parse(fields[5]!) === 'object') seen += 1;
    id = entries.at(-1)![0];
  }
  if (seen !== rows) throw new Error(`${seen} of ${rows} rows`);
}

export const redisBench: ConnectorBench = { connector: 'redis', run };
