import { useFleet } from '../api/fleet.ts';
import { plural } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { StatusBadge } from '../parts/tone.tsx';

/** On every page: is anything wrong? */
export function HealthLine() {
  const { data: fleet, error } = useFleet();
  if (error !== null || fleet?.trouble !== undefined)
    return <StatusBadge tone="bad">{fleet?.trouble?.message ?? 'The API does not answer'}</StatusBadge>;
  if (fleet === undefined) return null;
  const { problems } = fleet;
  if (problems.length === 0) return <StatusBadge tone="ok">Nothing is wrong</StatusBadge>;
  return (
    <PageLink to="/">
      <StatusBadge tone={problems[0]!.severity === 'error' ? 'bad' : 'warn'}>
        {plural(problems.length, 'problem')}
      </StatusBadge>
    </PageLink>
  );
}
