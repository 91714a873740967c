import type { FleetProblem, SourceSummary } from '@millrace/sdk/client';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { bytes, count } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { Panel } from '../parts/panel.tsx';
import { SourceVerdict } from '../sources/source-verdict.tsx';

/** What each source keeps of its log for jobs: what fills a disk when nobody looks. */
export function SourcesPanel({
  sources,
  problems,
}: {
  readonly sources: readonly SourceSummary[];
  readonly problems: readonly FleetProblem[];
}) {
  const columns: readonly Column<SourceSummary>[] = [
    {
      name: 'Source',
      cell: ({ name }) => (
        <PageLink to="/sources/$name" params={{ name }} fw={500}>
          {name}
        </PageLink>
      ),
    },
    { name: 'Type', cell: ({ type }) => type },
    { name: 'Slots', cell: ({ slots }) => count(slots), isNumber: true },
    { name: 'Log kept', cell: ({ retainedBytes }) => bytes(retainedBytes), isNumber: true },
    {
      name: 'Room before a slot is lost',
      cell: ({ slots, safeBytes }) => (slots !== null && safeBytes === null ? 'no limit' : bytes(safeBytes)),
      isNumber: true,
    },
    { name: 'To look at', isText: true, cell: (source) => <SourceVerdict source={source} problems={problems} /> },
  ];
  return (
    <Panel title="Log that sources keep">
      <DataTable label="Log that sources keep" columns={columns} rows={sources} keyOf={({ id }) => id} />
    </Panel>
  );
}
