import type { Finding } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { Connection } from './config.ts';
import { connect } from './connect.ts';

/** What the connection lacks. It never throws for what a finding can say, and changes nothing. */
export async function checkServer(config: Connection): Promise<readonly Finding[]> {
  try {
    const redis = await connect(config);
    try {
      const { host, port } = config;
      const answers: Finding = { code: 'bullmq.reachable', severity: 'ok', message: `${host}:${port} answers` };
      const info = await redis.info('memory').catch(() => '');
      if (!/^maxmemory_policy:/m.test(info) || /^maxmemory_policy:noeviction\s*$/m.test(info)) return [answers];
      const message = 'the server may throw away keys when its memory is full, and queues with them';
      const evicts: Finding = {
        code: 'bullmq.evicts',
        severity: 'warning',
        message,
        mend: 'CONFIG SET maxmemory-policy noeviction',
      };
      return [answers, evicts];
    } finally {
      redis.disconnect();
    }
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return [{ code: error.code.code, severity: 'error', message: error.message, mend: error.mend, pointer: '/host' }];
  }
}
