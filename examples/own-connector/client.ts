import type { JobIdentity } from '@millrace/connector-contract';
import { Redis } from 'ioredis';
import type { Connection } from './config.ts';
import { serverError } from './errors.ts';

const CONNECT_MS_MAX = 5_000;

/**
 * An open connection. When it breaks, commands fail: the engine starts the job again from its last snapshot.
 * @throws MillraceError `redis-streams.unreachable`, `redis-streams.login_refused`
 */
export async function connect({ host, port, user, password }: Connection): Promise<Redis> {
  const redis = new Redis({
    host,
    port,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    retryStrategy: () => null,
  });
  // `connect` and the commands reject; without a listener the event would end the process.
  let reason: unknown;
  redis.on('error', (error: unknown) => {
    reason = error;
  });
  try {
    await redis.connect();
    await redis.ping();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw serverError(reason ?? error, `connect to ${host}:${port}`);
  }
}

/** Keys of one stage of one job, besides the stream. */
export const keysOf = ({ jobId, stage }: JobIdentity) => {
  const prefix = `millrace:${jobId}:${stage}`;
  return { fence: `${prefix}:fence`, committed: `${prefix}:committed`, waiting: `${prefix}:wait:` };
};

/** Keys that begin with a prefix. */
export async function keysWith(redis: Redis, prefix: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1_000);
    found.push(...keys);
    cursor = next;
  } while (cursor !== '0');
  return found;
}
