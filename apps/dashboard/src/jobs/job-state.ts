import type { Job } from '@millrace/sdk/client';
import type { Tone } from '../parts/tone.tsx';

export interface JobState {
  readonly word: string;
  readonly tone: Tone;
}

type Status = Job['status'];

const STATES: Readonly<Record<Status, JobState>> = {
  NOT_RUNNING: { word: 'Waiting for a worker', tone: 'warn' },
  STARTING: { word: 'Starting', tone: 'busy' },
  RUNNING: { word: 'Running', tone: 'ok' },
  SUSPENDED: { word: 'Suspended', tone: 'idle' },
  SUSPENDED_EXPORTING_SNAPSHOT: { word: 'Suspended, exporting', tone: 'idle' },
  COMPLETING: { word: 'Completing', tone: 'busy' },
  COMPLETED: { word: 'Completed', tone: 'idle' },
  FAILED: { word: 'Failed', tone: 'bad' },
};

const isActive = (status: Status): boolean => status === 'RUNNING' || status === 'STARTING' || status === 'COMPLETING';

/** Whether an execution of it is under way. */
export const isRunning = ({ status }: Pick<Job, 'status'>): boolean => isActive(status);

/** The state of a job in a word, with what is wanted of it where that is not yet so. */
export function jobState({ status, desired }: Pick<Job, 'status' | 'desired'>): JobState {
  if (isActive(status) && desired === 'suspended') return { word: 'Suspending', tone: 'busy' };
  if (isActive(status) && desired === 'cancelled') return { word: 'Ending', tone: 'busy' };
  if (desired === 'cancelled' && !isActive(status)) return { word: 'Cancelled', tone: 'idle' };
  if (desired === 'running' && status === 'SUSPENDED') return { word: 'Resuming', tone: 'busy' };
  return STATES[status];
}

export type Command = 'suspend' | 'resume' | 'restart' | 'cancel';

/** What may be asked of a job in its state. */
export function commandsOf({ status, desired }: Pick<Job, 'status' | 'desired'>): readonly Command[] {
  if (desired === 'cancelled' || status === 'COMPLETED') return [];
  if (status === 'FAILED' || desired === 'suspended' || status.startsWith('SUSPENDED')) return ['resume', 'cancel'];
  return ['suspend', 'restart', 'cancel'];
}

/** A job that is not active may be deleted. */
export const isDeletable = ({ status, desired }: Pick<Job, 'status' | 'desired'>): boolean =>
  !isActive(status) && (desired !== 'running' || status === 'FAILED' || status === 'COMPLETED');

/** Since when it has been so. */
export const stateSince = ({
  status,
  executionStartedAt,
  updatedAt,
}: Pick<Job, 'status' | 'executionStartedAt' | 'updatedAt'>): string =>
  status === 'RUNNING' && executionStartedAt !== null ? executionStartedAt : updatedAt;

export const guaranteeOf = ({ document }: Job): string => document.guarantee ?? 'exactly-once';
