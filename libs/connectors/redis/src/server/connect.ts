import { Redis } from 'ioredis';
import type { ConnectionOptions } from '../config.ts';
import { serverError } from '../errors.ts';

const CONNECT_MS_MAX = 5_000;
/** Longest wait for the answer to a command that does not wait by itself. */
const COMMAND_MS_MAX = 30_000;
/** A cluster that moves a slot while it is asked for sends us on more than once. */
const REDIRECTIONS_MAX = 5;
const MOVED = /^MOVED \d+ (.*):(\d+)$/;

interface ConnectOptions {
  /** A key to be used: at a cluster the connection is to the node that has it. */
  readonly key?: string | undefined;
  /** Commands may block. */
  readonly blocks?: boolean | undefined;
}

async function open(config: ConnectionOptions, { blocks }: ConnectOptions): Promise<Redis> {
  const { host, port, database, user, password, tls } = config;
  const redis = new Redis({
    host,
    port,
    db: database,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: tls.ca === undefined ? {} : { ca: tls.ca } }),
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    ...(blocks === true ? {} : { commandTimeout: COMMAND_MS_MAX }),
    retryStrategy: () => null,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
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
    throw serverError(reason ?? error, `connect to ${host}:${port}`);
  }
}

/**
 * An open connection. When it breaks, commands fail: whether one that was under way was done is not known, so the engine starts the job again from its last
 * snapshot, and what is in Redis says.
 * @throws MillraceError `redis.unreachable`, `redis.login_refused`
 */
export async function connect(config: ConnectionOptions, options: ConnectOptions = {}): Promise<Redis> {
  let { host, port } = config;
  for (let redirections = 0; ; redirections++) {
    const redis = await open({ ...config, host, port }, options);
    if (options.key === undefined) return redis;
    try {
      await redis.exists(options.key);
      return redis;
    } catch (error) {
      redis.disconnect();
      const moved = MOVED.exec(error instanceof Error ? error.message : '');
      if (moved === null || redirections >= REDIRECTIONS_MAX) throw serverError(error, 'find the node of a key');
      host = moved[1]! === '' ? host : moved[1]!;
      port = Number(moved[2]);
    }
  }
}
