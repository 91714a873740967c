import type { Job } from '@millrace/sdk/client';
import type { Tone } from '../parts/tone.tsx';

export interface Trouble {
  readonly id: string;
  readonly tone: Extract<Tone, 'warn' | 'bad'>;
  readonly job: string;
  /** One sentence: what is wrong. */
  readonly what: string;
  readonly code?: string;
  readonly since: string;
  readonly advice: string | undefined;
  /** Where it is mended. */
  readonly at: 'job' | 'dead-letters';
}

const RANK = { bad: 0, warn: 1 } as const;

/** What is wrong with jobs, the worst first, the oldest of these first. */
export function troublesOf(jobs: readonly Job[]): readonly Trouble[] {
  return jobs
    .flatMap((job) => [...failure(job), ...waiting(job), ...setAside(job)])
    .sort((a, b) => RANK[a.tone] - RANK[b.tone] || a.since.localeCompare(b.since));
}

function failure({ id, name, status, desired, error, updatedAt }: Job): Trouble[] {
  if (status !== 'FAILED' || desired === 'cancelled') return [];
  return [
    {
      id: `${id}.failed`,
      tone: 'bad',
      job: name,
      what: error?.message ?? 'The job failed',
      code: error?.code,
      since: updatedAt,
      advice: error?.mend ?? 'Look at the error, repair it, and resume the job.',
      at: 'job',
    },
  ];
}

function waiting({ id, name, status, desired, updatedAt }: Job): Trouble[] {
  if (status !== 'NOT_RUNNING' || desired !== 'running') return [];
  return [
    {
      id: `${id}.waiting`,
      tone: 'warn',
      job: name,
      what: 'No worker has taken the job up',
      since: updatedAt,
      advice: 'Look whether a worker is up and reaches Redis.',
      at: 'job',
    },
  ];
}

function setAside({ id, name, deadLetters, updatedAt }: Job): Trouble[] {
  const { open } = deadLetters;
  if (open === 0) return [];
  return [
    {
      id: `${id}.letters`,
      tone: 'warn',
      job: name,
      what: `${open === 1 ? 'One record was' : `${open.toLocaleString('en-US')} records were`} set aside`,
      since: updatedAt,
      advice: 'Look at why, repair the records, and replay them.',
      at: 'dead-letters',
    },
  ];
}
