import { Text } from '@mantine/core';
import type { Slot } from '@millrace/sdk/client';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../api/client.ts';
import { useLive } from '../api/use-live.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { bytes } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { Panel } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { StatusBadge } from '../parts/tone.tsx';

const EVERY_MS = 10_000;

const slotsQuery = (source: string) =>
  queryOptions({
    queryKey: ['sources', source, 'slots'],
    queryFn: async ({ signal }) =>
      (await api.GET('/api/v1/sources/{id}/slots', { params: { path: { id: source } }, signal })).data!,
    refetchInterval: EVERY_MS,
    retry: false,
  });

/** What the database keeps for jobs, and for jobs that are gone. */
export function SlotsPanel({ source }: { readonly source: string }) {
  const query = useLive(slotsQuery(source));
  const columns: readonly Column<Slot>[] = [
    {
      name: 'Job',
      cell: ({ job, isActive }) =>
        job === null ? (
          <StatusBadge tone={isActive ? 'idle' : 'warn'}>{isActive ? 'read by another' : 'gone'}</StatusBadge>
        ) : (
          <PageLink to="/jobs/$name" params={{ name: job.name }}>
            {job.name}
          </PageLink>
        ),
    },
    {
      name: 'Read now',
      cell: ({ isActive }) => <StatusBadge tone={isActive ? 'ok' : 'idle'}>{isActive ? 'yes' : 'no'}</StatusBadge>,
    },
    { name: 'Log kept', cell: ({ retainedBytes }) => bytes(retainedBytes), isNumber: true },
    { name: 'Not confirmed', cell: ({ lagBytes }) => bytes(lagBytes), isNumber: true },
    {
      name: 'Until it is lost',
      cell: ({ safeBytes }) => (safeBytes === null ? 'no limit' : bytes(safeBytes)),
      isNumber: true,
    },
    { name: 'Slot', cell: ({ name }) => <code>{name}</code> },
    {
      name: '',
      cell: ({ name, job, isActive }) =>
        job === null && !isActive ? (
          <ConfirmAction
            label="Drop"
            needs="admin"
            isFinal
            says={`The slot ${name} is dropped, and the log it keeps may go. Whoever reads it, perhaps another installation, cannot go on.`}
            call={(to) =>
              to.DELETE('/api/v1/sources/{id}/slots/{slot}', {
                params: { path: { id: source, slot: name }, query: { confirm: name } },
              })
            }
          />
        ) : null,
    },
  ];
  return (
    <Panel title="Log it keeps">
      <QueryView query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm">No job reads it, and nothing is kept for any.</Text>
          ) : (
            <DataTable label="Slots" columns={columns} rows={items} keyOf={({ name }) => name} />
          )
        }
      </QueryView>
    </Panel>
  );
}
