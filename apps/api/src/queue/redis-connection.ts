import { Redis } from 'ioredis';
import type { Logger } from 'pino';

const CONNECT_MS_MAX = 5_000;
const COMMAND_MS_MAX = 2_000;
const RECONNECT_MS_MAX = 1_000;

/** Redis for the api: commands fail soon when it is away, so that a request never hangs; the connection comes back by itself. */
export function redisConnection(url: string, log: Logger): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: COMMAND_MS_MAX,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(attempt * 50, RECONNECT_MS_MAX),
  });
  let isAway = false;
  redis.on('error', (error: Error) => {
    if (!isAway) log.warn({ err: error }, 'Redis is away; jobs go on, commands reach them when it is back');
    isAway = true;
  });
  redis.on('ready', () => {
    isAway = false;
  });
  return redis;
}
