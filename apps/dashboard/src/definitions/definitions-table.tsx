import type { Definition } from '@millrace/sdk/client';
import type { Kind } from '../api/definition-queries.ts';
import { jobsQuery } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { Since } from '../parts/since.tsx';
import { addressOf } from './address.ts';
import { jobsUsing } from './uses.ts';

/** Registered sources, or sinks. */
export function DefinitionsTable({ kind, items }: { readonly kind: Kind; readonly items: readonly Definition[] }) {
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
    { name: 'Type', cell: ({ type }) => type },
    { name: 'Address', cell: ({ config }) => addressOf(config) },
    {
      name: 'Jobs',
      isText: true,
      cell: ({ name }) =>
        jobsUsing(jobs, kind, name)
          .map((job) => job.name)
          .join(', ') || '—',
    },
    { name: 'Changed', cell: ({ updatedAt }) => <Since at={updatedAt} ago />, isNumber: true },
  ];
  return (
    <DataTable label={kind === 'sources' ? 'Sources' : 'Sinks'} columns={columns} rows={items} keyOf={({ id }) => id} />
  );
}
