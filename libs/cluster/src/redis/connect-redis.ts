import { MillraceError } from '@millrace/kernel';
import { Redis, ReplyError } from 'ioredis';
import { RedisUnavailable } from '../errors.ts';

/** Longest wait for the answer to a command. */
export const COMMAND_MS_MAX = 5_000;
/** A connection on which an answer is due and nothing arrives for this long is broken. */
const SILENCE_MS_MAX = 8_000;
const CONNECT_MS_MAX = 5_000;
const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 1_000;

export interface RedisConnectionOptions {
  /** Called once when the connection is lost (or cannot be made) and once when it is back, not for every retry. */
  readonly onChange?: ((isReady: boolean, reason: string) => void) | undefined;
}

/**
 * A connection that reconnects for ever but never waits: a command fails at once while the connection is away, and none is ever sent
 * again by itself. The callers know what may be repeated; `WAITAOF` repeated on another connection would answer for the wrong writes.
 */
export function connectRedis(url: string, { onChange }: RedisConnectionOptions = {}): Redis {
  const redis = new Redis(url, {
    commandTimeout: COMMAND_MS_MAX,
    connectTimeout: CONNECT_MS_MAX,
    socketTimeout: SILENCE_MS_MAX,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(RECONNECT_MS_MIN * 2 ** Math.min(attempt, 10), RECONNECT_MS_MAX),
  });
  let isKnownAway = false;
  let reason = 'the connection was closed';
  redis.on('error', (error: Error) => {
    reason = error.message;
  });
  redis.on('close', () => {
    if (!isKnownAway) onChange?.(false, reason);
    isKnownAway = true;
  });
  redis.on('ready', () => {
    if (isKnownAway) onChange?.(true, '');
    isKnownAway = false;
  });
  return redis;
}

/** States of a server that come and go: it is starting, failing over, or its disk is full. Other refusals are our mistake. */
const PASSING = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS|UNBLOCKED|OOM)\b/;

/** Runs a command; what goes wrong on the way becomes `cluster.redis_unavailable`. What Redis itself refuses is thrown as it is. */
export async function bounded<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    const { message } = error as Error;
    const isRefusal = error instanceof ReplyError && !PASSING.test(message);
    if (error instanceof MillraceError || isRefusal) throw error;
    throw unavailable(message, error);
  }
}

export const unavailable = (reason: string, cause?: unknown): MillraceError =>
  new MillraceError(
    RedisUnavailable,
    {
      message: `Redis cannot be used: ${reason}`,
      mend: 'Nothing to do when it comes back: snapshots wait for it. Otherwise check MILLRACE_REDIS_URL.',
    },
    { cause },
  );
