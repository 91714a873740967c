import { Group } from '@mantine/core';
import type { Definition, Job } from '@millrace/sdk/client';
import type { Kind } from '../api/definition-queries.ts';
import { jobsQuery } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { jobState } from '../jobs/job-state.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { NONE } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge } from '../parts/tone.tsx';
import { addressOf } from './address.ts';
import { jobsUsing } from './uses.ts';

/** Registered sources, or sinks, each with the jobs around it and how they are. */
export function DefinitionsTable({
  kind,
  items,
  health = [],
}: {
  readonly kind: Kind;
  readonly items: readonly Definition[];
  /** What else is known of how they are. */
  readonly health?: readonly Column<Definition>[];
}) {
  const { data: jobs = [] } = useLive(jobsQuery);
  const columns: readonly Column<Definition>[] = [
    {
      name: kind === 'sources' ? 'Source' : 'Sink',
      cell: ({ name }) => (
        <PageLink to={kind === 'sources' ? '/sources/$name' : '/sinks/$name'} params={{ name }} fw={500} size="sm">
          {name}
        </PageLink>
      ),
    },
    ...health,
    { name: 'Jobs', cell: ({ name }) => <Jobs jobs={jobsUsing(jobs, kind, name)} /> },
    { name: 'Type', cell: ({ type }) => type },
    { name: 'Address', cell: ({ config }) => addressOf(config) },
    { name: 'Changed', cell: ({ updatedAt }) => <Since at={updatedAt} ago />, isNumber: true },
  ];
  return (
    <DataTable label={kind === 'sources' ? 'Sources' : 'Sinks'} columns={columns} rows={items} keyOf={({ id }) => id} />
  );
}

function Jobs({ jobs }: { readonly jobs: readonly Job[] }) {
  if (jobs.length === 0) return NONE;
  return jobs.map((job) => {
    const { word, tone } = jobState(job);
    return (
      <Group key={job.id} gap="xs" wrap="nowrap">
        <PageLink to="/jobs/$name" params={{ name: job.name }}>
          {job.name}
        </PageLink>
        <StatusBadge tone={tone}>{word}</StatusBadge>
      </Group>
    );
  });
}
