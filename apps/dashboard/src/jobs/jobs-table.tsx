import { Text } from '@mantine/core';
import type { Job } from '@millrace/sdk/client';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { count } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge } from '../parts/tone.tsx';
import { guaranteeOf, jobState, stateSince } from './job-state.ts';

const COLUMNS: readonly Column<Job>[] = [
  {
    name: 'Job',
    cell: ({ name }) => (
      <PageLink to="/jobs/$name" params={{ name }} fw={500} size="sm">
        {name}
      </PageLink>
    ),
  },
  {
    name: 'State',
    cell: (job) => {
      const { word, tone } = jobState(job);
      return <StatusBadge tone={tone}>{word}</StatusBadge>;
    },
  },
  { name: 'For', cell: (job) => <Since at={stateSince(job)} />, isNumber: true },
  { name: 'Guarantee', cell: (job) => guaranteeOf(job) },
  { name: 'Executions', cell: ({ generation }) => count(generation), isNumber: true },
  {
    name: 'Set aside',
    cell: ({ name, deadLetters: { open } }) =>
      open === 0 ? (
        <Text c="dimmed" size="sm" component="span">
          0
        </Text>
      ) : (
        <PageLink to="/jobs/$name" params={{ name }} search={{ tab: 'dead-letters' }} size="sm">
          {count(open)}
        </PageLink>
      ),
    isNumber: true,
  },
];

export function JobsTable({ jobs }: { readonly jobs: readonly Job[] }) {
  return <DataTable label="Jobs" columns={COLUMNS} rows={jobs} keyOf={({ id }) => id} />;
}
