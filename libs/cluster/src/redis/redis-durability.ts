import { MillraceError } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { RedisNotDurable, RedisUnavailable } from '../errors.ts';
import { bounded } from './connect-redis.ts';

/** Longest wait until a write is on the server's disk. */
const FSYNC_MS_MAX = 3_000;

/** How a write becomes durable: `waitaof` asks for it, `always` has it with the answer, `volatile` does without. */
export type Durability = 'waitaof' | 'always' | 'volatile';

/**
 * Finds out how this server keeps what it acknowledges.
 * `WAITAOF` is in Redis 7.2 and Valkey. https://redis.io/docs/latest/commands/waitaof/
 * @throws MillraceError `cluster.redis_not_durable` with the setting to change
 */
export async function checkDurability(redis: Redis): Promise<'waitaof' | 'always'> {
  const [persistence, memory] = [await info(redis, 'persistence'), await info(redis, 'memory')];
  const policy = memory.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    throw notDurable(
      `its maxmemory-policy is ${policy}, so it may throw snapshots away`,
      'CONFIG SET maxmemory-policy noeviction',
    );
  }
  if (persistence.get('aof_enabled') !== '1') {
    throw notDurable('its append-only file is off (appendonly no)', 'CONFIG SET appendonly yes');
  }
  if (await hasCommand(redis, 'waitaof')) return 'waitaof';
  const fsync = await setting(redis, 'appendfsync');
  if (fsync !== 'always') {
    throw notDurable(
      `it has no WAITAOF and its appendfsync is ${fsync ?? 'unknown'}, so it may lose the last second`,
      'CONFIG SET appendfsync always',
    );
  }
  if ((await setting(redis, 'no-appendfsync-on-rewrite')) === 'yes') {
    throw notDurable(
      'its no-appendfsync-on-rewrite is yes, so it does not write to disk while it rewrites the file',
      'CONFIG SET no-appendfsync-on-rewrite no',
    );
  }
  return 'always';
}

/**
 * Resolves when all earlier writes of this connection are on the server's disk. The connection must have written since it was made.
 * @throws MillraceError `cluster.redis_unavailable` when that takes too long, `cluster.redis_not_durable` when the file is off
 */
export async function waitForDisk(redis: Redis): Promise<void> {
  let answer: unknown;
  try {
    answer = await bounded(redis.call('WAITAOF', '1', '0', String(FSYNC_MS_MAX)));
  } catch (error) {
    if (!/appendonly is disabled/i.test((error as Error).message)) throw error;
    throw notDurable('its append-only file has been turned off (appendonly no)', 'CONFIG SET appendonly yes', error);
  }
  const [local] = answer as [number, number];
  if (local < 1) {
    throw new MillraceError(RedisUnavailable, {
      message: `Redis has not written to its disk within ${FSYNC_MS_MAX} ms`,
      mend: "Check the load of the server's disk.",
    });
  }
}

const notDurable = (what: string, command: string, cause?: unknown): MillraceError =>
  new MillraceError(
    RedisNotDurable,
    {
      message: `Redis may lose snapshots it has acknowledged: ${what}`,
      mend: `Run on the Redis server: ${command}; then CONFIG REWRITE. (For development only: MILLRACE_ALLOW_VOLATILE_SNAPSHOTS=1.)`,
    },
    { cause },
  );

async function info(redis: Redis, section: string): Promise<ReadonlyMap<string, string>> {
  const text = await bounded(redis.info(section));
  return new Map(text.split(/\r?\n/).map((line) => [line.split(':')[0]!, line.slice(line.indexOf(':') + 1)]));
}

async function hasCommand(redis: Redis, name: string): Promise<boolean> {
  const answer = (await bounded(redis.call('COMMAND', 'INFO', name))) as unknown[] | Record<string, unknown>;
  return Array.isArray(answer) ? answer[0] !== null && answer.length > 0 : Object.values(answer).some(Boolean);
}

/** `undefined` when the server does not let us ask. */
async function setting(redis: Redis, name: string): Promise<string | undefined> {
  try {
    const answer = (await bounded(redis.call('CONFIG', 'GET', name))) as string[] | Record<string, string>;
    return Array.isArray(answer) ? answer[1] : answer[name];
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    return undefined;
  }
}
