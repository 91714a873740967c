import { Text } from '@mantine/core';
import type { JobSummary } from '@millrace/sdk/client';
import { memo, useDeferredValue } from 'react';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { count, duration, NONE, percent, rate } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge } from '../parts/tone.tsx';
import { jobState, stateSince } from './job-state.ts';

/** From here on back-pressure is worth a look. */
const HELD_UP = 0.1;

const COLUMNS: readonly Column<JobSummary>[] = [
  {
    name: 'Job',
    cell: ({ name }) => <JobLink name={name} />,
  },
  {
    name: 'State',
    cell: (job) => {
      const { word, tone } = jobState(job);
      return <StatusBadge tone={tone}>{word}</StatusBadge>;
    },
  },
  { name: 'For', cell: (job) => <Since at={stateSince(job)} />, isNumber: true },
  { name: 'Guarantee', cell: ({ guarantee }) => guarantee },
  { name: 'In/s', cell: (job) => (job.member === null ? NONE : rate(job.inPerSecond)), isNumber: true },
  { name: 'Out/s', cell: (job) => (job.member === null ? NONE : rate(job.outPerSecond)), isNumber: true },
  {
    name: 'Lag p50 / p99',
    cell: ({ lag }) => (lag === null ? NONE : `${duration(lag.p50Ms ?? lag.nowMs)} / ${duration(lag.p99Ms)}`),
    isNumber: true,
  },
  {
    name: 'Waits',
    cell: ({ member, blocked }) =>
      member !== null && blocked >= HELD_UP ? <StatusBadge tone="warn">{percent(blocked)}</StatusBadge> : NONE,
    isNumber: true,
  },
  {
    name: 'Snapshot',
    cell: ({ snapshot }) => (snapshot === null ? NONE : <Since at={snapshot.takenAt} ago />),
    isNumber: true,
  },
  {
    name: 'Restarts, 24 h',
    cell: ({ restarts }) => (restarts === 0 ? <Quiet /> : <StatusBadge tone="warn">{count(restarts)}</StatusBadge>),
    isNumber: true,
  },
  {
    name: 'Set aside',
    cell: ({ name, deadLetters }) =>
      deadLetters === 0 ? (
        <Quiet />
      ) : (
        <PageLink to="/jobs/$name" params={{ name }} search={{ tab: 'dead-letters' }}>
          {count(deadLetters)}
        </PageLink>
      ),
    isNumber: true,
  },
];

const JobLink = memo(function JobLink({ name }: { readonly name: string }) {
  return (
    <PageLink to="/jobs/$name" params={{ name }} fw={500}>
      {name}
    </PageLink>
  );
});

const Quiet = () => (
  <Text c="dimmed" size="sm" component="span">
    0
  </Text>
);

const idOf = ({ id }: JobSummary): string => id;

const Lines = memo(function Lines({ jobs }: { readonly jobs: readonly JobSummary[] }) {
  return <DataTable label="Jobs" columns={COLUMNS} rows={jobs} keyOf={idOf} />;
});

export function JobsTable({ jobs }: { readonly jobs: readonly JobSummary[] }) {
  // Drawn when there is time: hundreds of rows that change each second must not hold up who scrolls or types.
  const shown = useDeferredValue(jobs);
  return <Lines jobs={shown} />;
}
