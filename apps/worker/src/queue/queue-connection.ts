import { Redis } from 'ioredis';

const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 1_000;

/**
 * A connection for BullMQ and for subscriptions: unlike that of the snapshots its commands wait until Redis is back, as BullMQ demands of a worker's.
 * The snapshots' connection tells when Redis is away; this one says nothing.
 */
export function queueConnection(url: string): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(RECONNECT_MS_MIN * 2 ** Math.min(attempt, 10), RECONNECT_MS_MAX),
  });
  redis.on('error', () => {});
  return redis;
}
