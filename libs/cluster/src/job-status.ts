/** Life cycle of a job, Jet's. */
export type JobStatus =
  | 'NOT_RUNNING'
  | 'STARTING'
  | 'RUNNING'
  | 'SUSPENDED'
  | 'SUSPENDED_EXPORTING_SNAPSHOT'
  | 'COMPLETING'
  | 'COMPLETED'
  | 'FAILED';

/** What the user wants of a job; the member that runs it makes it so. */
export type DesiredState = 'running' | 'suspended' | 'cancelled';
