export type { JobFigures } from './figures.ts';
export type { DesiredState, JobStatus } from './job-status.ts';
export {
  EXECUTION_QUEUE,
  EXECUTION_TASK,
  type ExecutionTask,
  FIGURES_TTL_MS,
  POKE_CHANNEL,
  executionTaskId,
  figuresKey,
} from './names.ts';
