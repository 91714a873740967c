import type { JobIdentity, ReloadRequest } from '@millrace/connector-contract';
import type { ProcessorContext } from '@millrace/engine';
import type { TestDatabase } from '@millrace/testing';
import { DrivenSource, type SavedSnapshot } from '@millrace/testing/drivers';
import type { StageOptions } from '../config.ts';
import { postgresSource } from '../index.ts';
import { type ReadableEvent, readableEvents } from './readable-events.ts';

interface SourceOptions {
  readonly stage: Partial<StageOptions> & Pick<StageOptions, 'tables'>;
  readonly guarantee?: ProcessorContext['guarantee'];
  /** Default `true`, as an upserting sink. */
  readonly sinksShowRowsAtOnce?: boolean;
  /** Slot names are the server's: runs on several databases need several jobs. */
  readonly job?: JobIdentity;
  /** What an earlier run saved. */
  readonly restored?: SavedSnapshot | undefined;
  /** Requests to load tables again that are open. */
  readonly reloads?: readonly ReloadRequest[];
}

/** Job id of all test runs: one job, restarted. */
export const JOB = { jobId: '01JDTESTJ0B000000000000000', jobName: 'test', stage: 'src' };

export type TestSource = DrivenSource<ReadableEvent>;

/** The source on a database. */
export const startSource = (database: TestDatabase, options: SourceOptions): Promise<TestSource> =>
  DrivenSource.start(postgresSource, {
    job: JOB,
    sinksShowRowsAtOnce: true,
    ...options,
    config: { ...database.connection, ssl: 'disable' },
    stage: { initialLoad: 'none', ...options.stage },
    read: readableEvents,
  });
