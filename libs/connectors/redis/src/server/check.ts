import type { Finding } from '@millrace/connector-contract';
import type { Redis } from 'ioredis';
import type { ConnectionOptions } from '../config.ts';
import { NotDurable, serverError } from '../errors.ts';
import { connect } from './connect.ts';

/** What the connection lacks. It never throws for what a finding can say, and changes nothing. */
export async function checkServer(config: ConnectionOptions): Promise<readonly Finding[]> {
  let redis: Redis;
  try {
    redis = await connect(config);
  } catch (error) {
    const { code, message, mend } = serverError(error, 'connect');
    return [{ code: code.code, severity: 'error', message, mend, pointer: '/host' }];
  }
  try {
    const message = `the server at ${config.host}:${config.port} answers`;
    return [
      { code: 'redis.reachable', severity: 'ok', message },
      ...(await durability(redis)),
      ...(await eviction(redis)),
    ];
  } finally {
    redis.disconnect();
  }
}

/** Nothing where the server does not tell. */
export const settingOf = async (redis: Redis, name: string): Promise<string | undefined> => {
  const answer = (await redis.config('GET', name).catch(() => [])) as readonly string[];
  return answer[1];
};

async function durability(redis: Redis): Promise<readonly Finding[]> {
  if ((await settingOf(redis, 'appendonly')) === 'yes' && (await settingOf(redis, 'appendfsync')) === 'no') {
    const message =
      'the server never says that writes are on disk (appendfsync is no), so no snapshot would be complete';
    return [{ code: NotDurable.code, severity: 'error', message, mend: 'CONFIG SET appendfsync everysec.' }];
  }
  if ((await settingOf(redis, 'appendonly')) !== 'no') return [];
  return [
    {
      code: 'redis.may_forget',
      severity: 'warning',
      message:
        'the server keeps what it has in memory only (appendonly is no): a crash takes rows with it, and the job then stops',
      mend: 'CONFIG SET appendonly yes. appendfsync everysec is enough.',
    },
  ];
}

async function eviction(redis: Redis): Promise<readonly Finding[]> {
  const policy = await settingOf(redis, 'maxmemory-policy');
  if (policy === undefined || policy === 'noeviction') return [];
  return [
    {
      code: 'redis.may_evict',
      severity: 'warning',
      message: `the server removes keys when its memory is full (maxmemory-policy is ${policy}), those of rows and of the progress as well`,
      mend: 'CONFIG SET maxmemory-policy noeviction.',
    },
  ];
}
