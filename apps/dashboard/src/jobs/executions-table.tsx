import { Text } from '@mantine/core';
import type { Execution } from '@millrace/sdk/client';
import { executionsQuery } from '../api/job-live.ts';
import { useLive } from '../api/use-live.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { count, dateAndTime, duration } from '../parts/formats.ts';
import { QueryView } from '../parts/query-view.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge, type Tone } from '../parts/tone.tsx';

const ENDS: Readonly<Record<NonNullable<Execution['end']>, { readonly tone: Tone; readonly words: string }>> = {
  completed: { tone: 'ok', words: 'Completed' },
  suspended: { tone: 'idle', words: 'Suspended' },
  cancelled: { tone: 'idle', words: 'Cancelled' },
  failed: { tone: 'bad', words: 'Failed' },
  released: { tone: 'idle', words: 'Its worker was shut down' },
  restarted: { tone: 'idle', words: 'Restarted by somebody' },
  lost: { tone: 'warn', words: 'Its worker died or was out of reach' },
};

const COLUMNS: readonly Column<Execution>[] = [
  { name: 'Execution', cell: ({ generation }) => count(generation) },
  {
    name: 'Ended',
    isText: true,
    cell: ({ end, error }) => (
      <>
        <StatusBadge tone={end === null ? 'ok' : ENDS[end].tone}>{end === null ? 'Runs' : ENDS[end].words}</StatusBadge>
        {error !== null && (
          <Text size="xs" c="dimmed" maw={520} style={{ overflowWrap: 'anywhere' }}>
            <code>{error.code}</code> {error.message}
          </Text>
        )}
      </>
    ),
  },
  { name: 'Began', cell: ({ startedAt }) => dateAndTime(new Date(startedAt)) },
  {
    name: 'Ran for',
    cell: ({ startedAt, endedAt }) =>
      endedAt === null ? <Since at={startedAt} /> : duration(Date.parse(endedAt) - Date.parse(startedAt)),
    isNumber: true,
  },
  { name: 'Worker', cell: ({ member }) => <code>{member}</code> },
];

/** The attempts to run a job, and why each ended. */
export function ExecutionsTable({ job }: { readonly job: string }) {
  const query = useLive(executionsQuery(job));
  return (
    <QueryView query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState title="It has not run yet">A worker takes it up by itself.</EmptyState>
        ) : (
          <DataTable label="Executions" columns={COLUMNS} rows={items} keyOf={({ generation }) => String(generation)} />
        )
      }
    </QueryView>
  );
}
