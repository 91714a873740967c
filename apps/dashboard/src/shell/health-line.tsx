import { jobsQuery } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { troublesOf } from '../overview/problems.ts';
import { plural } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { StatusBadge } from '../parts/tone.tsx';

/** On every page: is anything wrong? */
export function HealthLine() {
  const { data: jobs, error } = useLive(jobsQuery);
  if (error !== null) return <StatusBadge tone="bad">The API does not answer</StatusBadge>;
  if (jobs === undefined) return null;
  const troubles = troublesOf(jobs);
  if (troubles.length === 0) return <StatusBadge tone="ok">Nothing is wrong</StatusBadge>;
  return (
    <PageLink to="/" size="sm">
      <StatusBadge tone={troubles[0]!.tone}>{plural(troubles.length, 'problem')}</StatusBadge>
    </PageLink>
  );
}
