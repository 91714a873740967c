import { Group, Stack, Text } from '@mantine/core';
import { jobsQuery } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { JobsTable } from '../jobs/jobs-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { Panel } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { StatusBadge } from '../parts/tone.tsx';
import { troublesOf } from './problems.ts';
import { TroubleList } from './trouble-list.tsx';

/** What is wrong first, then how everything goes. */
export function OverviewPage() {
  const query = useLive(jobsQuery);
  return (
    <Page title="Overview">
      <QueryView query={query}>
        {(jobs) =>
          jobs.length === 0 ? (
            <EmptyState title="Nothing runs yet">
              A job copies and shapes the changes of a source into a sink. Begin with a{' '}
              <PageLink to="/sources">source</PageLink>, then a <PageLink to="/sinks">sink</PageLink>, then the job
              between them.
            </EmptyState>
          ) : (
            <Stack gap="md">
              <Panel title="Problems">
                {troublesOf(jobs).length === 0 ? (
                  <Group gap="sm">
                    <StatusBadge tone="ok">Nothing is wrong</StatusBadge>
                    <Text size="sm" c="dimmed">
                      No job has failed, waits for a worker, or has set records aside.
                    </Text>
                  </Group>
                ) : (
                  <TroubleList troubles={troublesOf(jobs)} />
                )}
              </Panel>
              <JobsTable jobs={jobs} />
            </Stack>
          )
        }
      </QueryView>
    </Page>
  );
}
