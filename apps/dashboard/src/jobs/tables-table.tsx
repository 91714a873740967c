import { Progress } from '@mantine/core';
import type { JobTable } from '@millrace/sdk/client';
import { queryOptions } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from '../api/client.ts';
import { LIVE_MS } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { count, duration, rate } from '../parts/formats.ts';
import { QueryView } from '../parts/query-view.tsx';
import { StatusBadge, type Tone } from '../parts/tone.tsx';

const tablesQuery = (job: string) =>
  queryOptions({
    queryKey: ['jobs', job, 'tables'],
    queryFn: async ({ signal }) =>
      (await api.GET('/api/v1/jobs/{id}/tables', { params: { path: { id: job } }, signal })).data!,
    refetchInterval: LIVE_MS,
  });

const TONES: Readonly<Record<JobTable['phase'], Tone>> = {
  waiting: 'idle',
  loading: 'busy',
  streaming: 'ok',
  unknown: 'idle',
};

/** Share of the rows that have been read; estimates may be too low. */
const shareOf = ({ phase, rows, rowsEstimate }: JobTable): number | undefined => {
  if (phase === 'streaming') return 1;
  if (rows === null || rowsEstimate === null || rowsEstimate === 0) return undefined;
  return Math.min(0.99, rows / rowsEstimate);
};

const columnsOf = (job: string): readonly Column<JobTable>[] => [
  { name: 'Table', cell: ({ table }) => table },
  { name: 'Source', cell: ({ source }) => source },
  { name: 'Phase', cell: ({ phase }) => <StatusBadge tone={TONES[phase]}>{phase}</StatusBadge> },
  {
    name: 'Initial load',
    cell: (table) => {
      const share = shareOf(table);
      return share === undefined ? (
        '—'
      ) : (
        <Progress
          value={share * 100}
          w={140}
          aria-label={`${table.table}: ${Math.round(share * 100)} % of the initial load`}
        />
      );
    },
  },
  {
    name: 'Rows loaded',
    cell: ({ phase, rows, rowsEstimate }) =>
      `${count(rows)}${rowsEstimate === null || phase === 'streaming' ? '' : ` of about ${count(rowsEstimate)}`}`,
    isNumber: true,
  },
  { name: 'Rows/s', cell: ({ rowsPerSecond }) => rate(rowsPerSecond), isNumber: true },
  { name: 'Left', cell: ({ etaMs }) => duration(etaMs), isNumber: true },
  {
    name: 'Repair',
    cell: ({ phase, stage, table }) => phase === 'streaming' && <LoadAgain job={job} stage={stage} table={table} />,
  },
];

function LoadAgain({ job, stage, table }: { readonly job: string } & Pick<JobTable, 'stage' | 'table'>) {
  return (
    <ConfirmAction
      label="Load again"
      needs="operator"
      says={
        <>
          The job takes a snapshot and starts again from it. Then it reads every row of <code>{table}</code> once more,
          beside its changes; other tables go on. A sink that holds rows is right again afterwards, except for rows that
          only the target has: they stay. A sink that keeps changes gets each row once more.
        </>
      }
      call={(api) =>
        api.POST('/api/v1/jobs/{id}/loads', {
          params: { path: { id: job } },
          body: { stage, tables: [table], dryRun: false },
        })
      }
    />
  );
}

/** The tables that a job captures: are their rows being read, or do only changes come? */
export function TablesTable({ job }: { readonly job: string }) {
  const query = useLive(tablesQuery(job));
  const columns = useMemo(() => columnsOf(job), [job]);
  return (
    <QueryView query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState title="It captures no tables">
            Its sources are logs or files, or are written in TypeScript.
          </EmptyState>
        ) : (
          <DataTable label="Tables" columns={columns} rows={items} keyOf={({ stage, table }) => `${stage} ${table}`} />
        )
      }
    </QueryView>
  );
}
