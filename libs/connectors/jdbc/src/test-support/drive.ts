import type { Refusals } from '@millrace/connector-contract';
import type { ProcessorContext, SnapshotEntry } from '@millrace/engine';
import { DrivenSink, resolvedSink } from '@millrace/testing/drivers';
import { jdbcSink } from '../index.ts';

export interface SinkOptions {
  readonly generation?: number;
  /** Number of the snapshot that `state` is of. */
  readonly restored?: number | undefined;
  readonly state?: readonly SnapshotEntry[];
  readonly stage?: Readonly<Record<string, unknown>>;
  readonly jobId?: string;
  readonly guarantee?: ProcessorContext['guarantee'];
  readonly refusals?: Refusals | undefined;
}

const options = (connection: object, { stage, jobId = '01JOB' }: SinkOptions) => ({
  config: { ssl: 'disable', ...connection },
  stage,
  job: { jobId, jobName: 'test', stage: 'copy' },
});

export const resolved = (connection: object, more: SinkOptions = {}) =>
  resolvedSink(jdbcSink, options(connection, more));

/** The sink of a job. */
export const startSink = (connection: object, more: SinkOptions = {}): Promise<DrivenSink> => {
  const { restored: snapshotId, state: entries = [], generation, guarantee, refusals } = more;
  const restored = snapshotId === undefined ? undefined : { snapshotId, entries };
  return DrivenSink.start(jdbcSink, { ...options(connection, more), generation, guarantee, restored, refusals });
};
