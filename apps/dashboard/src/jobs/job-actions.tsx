import type { Job } from '@millrace/sdk/client';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import { type Command, commandsOf, isDeletable } from './job-state.ts';

interface Words {
  readonly label: string;
  readonly says: ReactNode;
  readonly isFinal?: boolean;
}

const WORDS: Readonly<Record<Command, Words>> = {
  suspend: {
    label: 'Suspend',
    says: 'The job takes a snapshot and stops. Its state, and the slot at the source, are kept: the source keeps its log until the job is resumed, so do not leave it for long.',
  },
  resume: {
    label: 'Resume',
    says: 'The job goes on from its newest snapshot, also after a failure that has been repaired. Nothing is lost or written twice.',
  },
  restart: {
    label: 'Restart',
    says: 'The execution ends and another starts from the newest snapshot. Rows since then are read again; a sink that is exactly once shows them once.',
  },
  cancel: {
    label: 'Cancel',
    says: 'The job ends for good and cannot be resumed. What it has written stays.',
    isFinal: true,
  },
};

/** One thing that is asked of a job, after saying what it does. */
export function JobCommand({ job, command }: { readonly job: Job; readonly command: Command }) {
  return (
    <ConfirmAction
      {...WORDS[command]}
      needs="operator"
      call={(api) => api.POST(`/api/v1/jobs/{id}/${command}`, { params: { path: { id: job.name } } })}
    />
  );
}

/** What may be asked of the job now. */
export function JobActions({ job }: { readonly job: Job }) {
  const navigate = useNavigate();
  const path = { id: job.name };
  return (
    <>
      {commandsOf(job).map((command) => (
        <JobCommand key={command} job={job} command={command} />
      ))}
      {isDeletable(job) && (
        <ConfirmAction
          label="Delete"
          needs="editor"
          isFinal
          says="The job is gone, with its snapshots, its records that were set aside, and what it made for itself at the source (slot, publication). What it has written stays."
          call={(api) => api.DELETE('/api/v1/jobs/{id}', { params: { path } })}
          onDone={() => void navigate({ to: '/jobs' })}
        />
      )}
    </>
  );
}
