import { type Clock, systemClock, ulids } from '@millrace/kernel';
import { Bucket } from '../bucket/bucket.ts';
import { Compactor } from '../compact/compactor.ts';
import { s3Stage } from '../config.ts';
import { JOB } from './drive.ts';
import type { TestBucket } from './test-bucket.ts';

/** Runs a compactor of its own, as another process would. @param laterMs how late its clock is */
export async function runCompactor(bucket: TestBucket, stage: Record<string, unknown>, laterMs = 0): Promise<number> {
  const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs };
  const { signal } = new AbortController();
  using own = await Bucket.connect({ config: bucket.config, clock: systemClock, signal, requests: 4, outageMs: 0 });
  const { compaction, ...rest } = s3Stage.parse(stage);
  const options = { prefix: bucket.config.prefix, job: JOB, stage: { ...rest, compaction: compaction! } };
  return new Compactor({ ...options, bucket: own, clock, ids: ulids }).run();
}
