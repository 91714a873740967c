import { ulids } from '@millrace/kernel';
import { type JobsOptions, Queue } from 'bullmq';
import { Redis } from 'ioredis';

/** Looks on a connection of its own: servers of tests are killed. */
export async function at<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

export const removeAll = (url: string, prefix: string): Promise<void> =>
  at(url, async (redis) => {
    const keys = await redis.keys(`${prefix}:*`);
    if (keys.length > 0) await redis.del(...keys);
  });

/** Options of the connection to a server of tests. */
export function configOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

/** A queue `orders` of a test's own, and what a test does with it. */
export function testQueue(url: string) {
  const prefix = `t${ulids.next()}`;
  const withQueue = <T>(use: (queue: Queue) => Promise<T>): Promise<T> =>
    at(url, async (connection) => {
      const queue = new Queue('orders', { connection, prefix });
      try {
        return await use(queue);
      } finally {
        await queue.close();
      }
    });
  return {
    config: configOf(url),
    stage: {
      queue: 'orders',
      prefix,
      table: 'public.orders',
      columns: { id: 'integer', note: 'text' },
      key: ['id'],
    } as const,
    withQueue,
    withRedis: <T>(use: (redis: Redis) => Promise<T>): Promise<T> => at(url, use),
    add: (ids: readonly number[], opts: JobsOptions = {}): Promise<void> =>
      withQueue(async (queue) => {
        await queue.addBulk(ids.map((id) => ({ name: 'order', data: { id, note: 'x' }, opts })));
      }),
    /** How many jobs are in these states. */
    counts: (): Promise<Readonly<Record<string, number>>> =>
      withQueue((queue) => queue.getJobCounts('waiting', 'active', 'completed', 'failed')),
    [Symbol.asyncDispose]: () => removeAll(url, prefix),
  };
}
