import type { JobExecution } from '@millrace/catalog';
import { errorView } from '../../jobs/job.view.ts';
import type { ExecutionView } from './job-live.schemas.ts';

export const executionView = (execution: JobExecution): ExecutionView => ({
  generation: execution.generation,
  member: execution.member,
  startedAt: execution.startedAt.toISOString(),
  endedAt: execution.endedAt?.toISOString() ?? null,
  end: execution.fate,
  error: errorView(execution),
});
