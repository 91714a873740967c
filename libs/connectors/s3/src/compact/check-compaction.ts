import type { Finding, JobIdentity } from '@millrace/connector-contract';
import { MillraceError, systemClock, ulids } from '@millrace/kernel';
import { Bucket } from '../bucket/bucket.ts';
import type { S3Config } from '../config.ts';
import { CompactionLog } from './compaction-log.ts';

/** Can this server tell who was first? */
export async function checkCompaction(config: S3Config, job: JobIdentity, signal: AbortSignal): Promise<Finding[]> {
  using bucket = await Bucket.connect({ config, clock: systemClock, signal, requests: 1, outageMs: 0 });
  try {
    await new CompactionLog(bucket, config.prefix, job).checkServer(ulids.next());
    return [];
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, mend } = error;
    return [{ code: code.code, severity: 'error', message, mend: mend ?? '', pointer: '/compaction' }];
  }
}
