import type { Redis } from 'ioredis';
import { settingOf } from './check.ts';

/** What the server tells of changes; `undefined`: it does not say. */
export const notificationFlags = (redis: Redis): Promise<string | undefined> =>
  settingOf(redis, 'notify-keyspace-events');

/** K: by key. g, h, x, e: of any type, of hashes, what expires, what is evicted. A stands for all of them. */
export const tellsOfHashes = (flags: string): boolean =>
  flags.includes('K') && (flags.includes('A') || ['g', 'h', 'x', 'e'].every((flag) => flags.includes(flag)));
