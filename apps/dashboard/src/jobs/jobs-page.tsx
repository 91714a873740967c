import { Button, Group, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { JobSummary } from '@millrace/sdk/client';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useFleet } from '../api/fleet.ts';
import { EmptyState } from '../parts/empty-state.tsx';
import { plural } from '../parts/formats.ts';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { jobState } from './job-state.ts';
import { JobsTable } from './jobs-table.tsx';

const FILTERS = {
  all: () => true,
  running: (job: JobSummary) => jobState(job).tone === 'ok' || jobState(job).tone === 'busy',
  stopped: (job: JobSummary) => jobState(job).tone === 'idle',
  wrong: (job: JobSummary) => ['bad', 'warn'].includes(jobState(job).tone) || job.deadLetters > 0,
} as const;

type Filter = keyof typeof FILTERS;

export function JobsPage() {
  const query = useFleet();
  const [filter, setFilter] = useState<Filter>('all');
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed, 100);
  return (
    <Page
      title="Jobs"
      actions={<Button renderRoot={(props) => <Link to="/new-job" {...props} />}>New job</Button>}
      about={query.data === undefined ? undefined : plural(query.data.jobs.length, 'job')}
    >
      <QueryView query={query}>
        {({ jobs }) =>
          jobs.length === 0 ? (
            <EmptyState title="No jobs yet">
              A job reads a registered <PageLink to="/sources">source</PageLink> and writes to a registered{' '}
              <PageLink to="/sinks">sink</PageLink>.
            </EmptyState>
          ) : (
            <>
              <Group gap="sm">
                <TextInput
                  aria-label="Filter by name"
                  placeholder="Name"
                  value={typed}
                  onChange={(event) => setTyped(event.currentTarget.value)}
                />
                <SegmentedControl
                  size="xs"
                  aria-label="Which jobs"
                  value={filter}
                  onChange={(value) => setFilter(value as Filter)}
                  data={[
                    { value: 'all', label: 'All' },
                    { value: 'running', label: 'Running' },
                    { value: 'stopped', label: 'Stopped' },
                    { value: 'wrong', label: 'With problems' },
                  ]}
                />
              </Group>
              <JobsTable jobs={jobs.filter((job) => FILTERS[filter](job) && job.name.includes(text.trim()))} />
            </>
          )
        }
      </QueryView>
    </Page>
  );
}
