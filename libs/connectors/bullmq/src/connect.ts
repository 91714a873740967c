import { Redis } from 'ioredis';
import type { Connection } from './config.ts';
import { redisError } from './errors.ts';

const CONNECT_MS_MAX = 5_000;
/** Longest wait for the answer to a command. */
const COMMAND_MS_MAX = 10_000;

/**
 * An open connection. When it breaks, commands fail: the engine starts the job again from its last snapshot, and the progress in Redis says what was done.
 * @throws MillraceError `bullmq.unreachable`, `bullmq.refused`
 */
export async function connect({ host, port, user, password, database, tls }: Connection): Promise<Redis> {
  const redis = new Redis({
    host,
    port,
    db: database,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: COMMAND_MS_MAX,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    maxRetriesPerRequest: null,
  });
  let reason: unknown;
  // `connect` and the commands reject; without a listener the event would end the process.
  redis.on('error', (error: unknown) => {
    reason = error;
  });
  try {
    await redis.connect();
    await redis.ping();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw redisError(reason ?? error, `connect to ${host}:${port}`);
  }
}
