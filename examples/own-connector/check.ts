import type { Finding } from '@millrace/connector-contract';
import type { Redis } from 'ioredis';
import { connect } from './client.ts';
import type { Connection } from './config.ts';
import { serverError } from './errors.ts';

// #region check
/** What the connection lacks. It never throws for what a finding can say, and changes nothing. */
export async function checkServer(config: Connection): Promise<readonly Finding[]> {
  let redis: Redis;
  try {
    redis = await connect(config);
  } catch (error) {
    const { code, message, mend } = serverError(error, 'connect');
    return [{ code: code.code, severity: 'error', message, mend, pointer: '/host' }];
  }
  try {
    const message = `the server at ${config.host}:${config.port} answers`;
    return [{ code: 'redis-streams.reachable', severity: 'ok', message }, ...(await durability(redis))];
  } finally {
    redis.disconnect();
  }
}
// #endregion check

/** Whether rows survive a crash of the server; nothing where it does not tell. */
async function durability(redis: Redis): Promise<readonly Finding[]> {
  const answer = (await redis.config('GET', 'appendonly').catch(() => [])) as readonly string[];
  if (answer[1] !== 'no') return [];
  return [
    {
      code: 'redis-streams.may_forget',
      severity: 'warning',
      message: 'the server keeps rows in memory only (appendonly is no)',
      mend: 'CONFIG SET appendonly yes, and appendfsync always for what may not be lost.',
    },
  ];
}
