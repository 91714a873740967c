import type { Job } from '@millrace/sdk/client';

export default function JobDeadLetters({ job }: { readonly job: Job }) {
  return <div>{job.name}</div>;
}
