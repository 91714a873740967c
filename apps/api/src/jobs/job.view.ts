import type { Job, UnresolvedCounts } from '@millrace/catalog';
import type { JobView, RunView } from './job.schemas.ts';

const NONE: UnresolvedCounts = { open: 0, replaying: 0 };

/** What the API shows of a job; `letters` are counts of its dead letters that nobody has resolved, `schedule` is the one that made it. */
export function jobView(
  job: Job,
  {
    letters = NONE,
    schedule,
  }: { readonly letters?: UnresolvedCounts | undefined; readonly schedule?: string | undefined } = {},
): JobView {
  const { id, name, status, desired, generation, version } = job;
  return {
    id,
    name,
    status,
    desired,
    error: errorView(job),
    generation,
    executionStartedAt: job.executionStartedAt?.toISOString() ?? null,
    ...runView(job),
    createdAt: job.createdAt.toISOString(),
    updatedAt: job.updatedAt.toISOString(),
    version,
    schedule: schedule ?? null,
    deadLetters: { open: letters.open, replaying: letters.replaying },
    document: job.document as JobView['document'],
  };
}

/** When it ran as a whole, and what of. */
export function runView({ startedAt, endedAt, counts }: Pick<Job, 'startedAt' | 'endedAt' | 'counts'>): RunView {
  return {
    startedAt: startedAt?.toISOString() ?? null,
    endedAt: endedAt?.toISOString() ?? null,
    durationMs: startedAt === null || endedAt === null ? null : Math.max(0, endedAt.getTime() - startedAt.getTime()),
    counts:
      counts?.map(({ vertex, rowsIn, rowsOut, deadLetters, skippedRows, lateRows }) => ({
        stage: vertex,
        rowsIn,
        rowsOut,
        deadLetters,
        skippedRows,
        lateRows,
      })) ?? null,
  };
}

/** Field by field, so that nothing a worker adds to the record later gets out by itself. */
export function errorView({ error }: Pick<Job, 'error'>): JobView['error'] {
  if (error === null) return null;
  const { code, domain, retry, title, message, mend, pointer, details } = error;
  return { code, domain, retry, title, message, mend, pointer, details };
}
