import { Redis } from 'ioredis';
import { type ConnectionOptions, REDIS_VARIABLE } from './config.ts';
import { redisError } from './errors.ts';

const CONNECT_MS_MAX = 5_000;
/** Longest wait for the answer to a command. */
const COMMAND_MS_MAX = 10_000;

const LOCAL = 'redis://127.0.0.1:6379';

function addressOf({ host, port, user, password }: ConnectionOptions): string {
  if (host === undefined) return process.env[REDIS_VARIABLE] ?? LOCAL;
  const address = new URL(LOCAL);
  address.hostname = host;
  address.port = String(port);
  address.username = user ?? '';
  address.password = password ?? '';
  return address.href;
}

/**
 * An open connection. When it breaks, commands fail: whether one that was under way was done is not known, so the engine starts the job again from its
 * last snapshot, and the position in Redis says.
 * @throws MillraceError `subscription.unreachable`, `subscription.refused`
 */
export async function connect(config: ConnectionOptions): Promise<Redis> {
  const redis = new Redis(addressOf(config), {
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: COMMAND_MS_MAX,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
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
    throw redisError(reason ?? error, 'connect to the Redis of the subscriptions');
  }
}
