import { bullmqSource } from '@millrace/connector-bullmq';
import { RedisServer } from '@millrace/testing';
import { DrivenSource } from '@millrace/testing/drivers';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { BenchOptions } from '../../harness/options.ts';
import { alternate } from '../../harness/result.ts';
import type { Comparison, ConnectorBench } from '../connector-bench.ts';

const JOBS = 50_000;
const BULK = 1_000;
const SNAPSHOT_MS = 500;
const CONCURRENCY = 64;
const NOTE = 'n'.repeat(100);
const TABLE = { table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] } as const;

/** BullMQ (`appendfsync everysec`) as a source, exactly once with two snapshots a second, against its own worker that does nothing. */
async function run({ scale, rounds }: BenchOptions): Promise<readonly Comparison[]> {
  const count = Math.ceil((JOBS * scale) / BULK) * BULK;
  await using server = await RedisServer.start({ settings: { appendfsync: 'everysec' } });
  const connection = new Redis(server.port, { maxRetriesPerRequest: null });
  const queue = new Queue('orders', { connection });
  const fill = async (): Promise<void> => {
    await connection.flushall();
    for (let at = 0; at < count; at += BULK)
      await queue.addBulk(
        Array.from({ length: BULK }, (_, index) => ({
          name: 'order',
          data: { id: at + index, note: NOTE },
          opts: { removeOnComplete: true },
        })),
      );
  };
  /** Until every job is completed. */
  const measured = async (work: () => Promise<unknown>): Promise<number> => {
    await fill();
    const startMs = performance.now();
    await work();
    const rate = (count * 1_000) / (performance.now() - startMs);
    const { waiting, active } = await queue.getJobCounts('waiting', 'active');
    if (waiting !== 0 || active !== 0) throw new Error(`${waiting} jobs wait and ${active} are active`);
    return rate;
  };
  const ours = () =>
    measured(async () => {
      let seen = 0;
      const read = ({ length }: { readonly length: number }): never[] => {
        seen += length;
        return [];
      };
      const config = { host: '127.0.0.1', port: server.port };
      const stage = { queue: 'orders', ...TABLE, follow: false };
      await using source = await DrivenSource.start(bullmqSource, { config, stage, read });
      for (let ended = false; !ended; ) {
        const untilMs = performance.now() + SNAPSHOT_MS;
        await source.until(() => performance.now() > untilMs || source.metric('jobsInFlight') >= 5_000);
        ended = source.isDone;
        await source.snapshot();
      }
      if (seen !== count) throw new Error(`the source gave ${seen} of ${count} rows`);
    });
  const bare = () =>
    measured(async () => {
      let left = count;
      const done = Promise.withResolvers<void>();
      const worker = new Worker('orders', async () => {}, {
        connection,
        concurrency: CONCURRENCY,
      });
      worker.on('completed', () => {
        left -= 1;
        if (left === 0) done.resolve();
      });
      await done.promise;
      await worker.close();
    });
  const { ours: rate, yardstick, ratio } = await alternate('source', rounds, ours, bare);
  await queue.close();
  connection.disconnect();
  return [{ name: 'source', yardstick: 'Worker', unit: 'rows/s', ours: rate, theirs: yardstick, ratio }];
}

export const bullmqBench: ConnectorBench = { connector: 'bullmq', run };
