import { changeEvents, type Row } from '@millrace/formats';
import { DrivenSource, resolvedSource, type SavedSnapshot } from '@millrace/testing/drivers';
import { jdbcSource } from '../index.ts';

/** Its connections are those of this job. */
export const JOB_ID = '01JOB';

const options = (connection: object, stage: object) => ({
  config: { ssl: 'disable', ...connection },
  stage,
  job: { jobId: JOB_ID },
});

/** The source, with rows as its events. */
export const startSource = (connection: object, stage: object, restored?: SavedSnapshot): Promise<DrivenSource<Row>> =>
  DrivenSource.start(jdbcSource, {
    ...options(connection, stage),
    restored,
    read: (batch) => changeEvents(batch).map(({ after }) => after!),
  });

/** Findings of a stage as `severity code`. */
export async function findingsOf(connection: object, stage: object): Promise<readonly string[]> {
  const resolved = resolvedSource(jdbcSource, options(connection, stage));
  const { findings } = await jdbcSource.describe(resolved, new AbortController().signal);
  return findings.map(({ severity, code }) => `${severity} ${code}`);
}
