import { Group, Text } from '@mantine/core';
import { jobsQuery } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { EmptyState } from '../parts/empty-state.tsx';
import { plural } from '../parts/formats.ts';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { Panel } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { GroupsTable } from './groups-table.tsx';

/** Records that stages set aside, of all jobs: those that wait for somebody. */
export function DeadLettersPage() {
  const query = useLive(jobsQuery);
  return (
    <Page title="Dead letters" about="Records that a stage could not take and set aside, so that the job goes on">
      <QueryView query={query}>
        {(jobs) => {
          const waiting = jobs.filter(({ deadLetters }) => deadLetters.open + deadLetters.replaying > 0);
          if (waiting.length === 0)
            return (
              <EmptyState title="No record waits">
                A stage with <code>onError: dead-letter</code> sets aside what it cannot take and goes on. Such records
                appear here, to be looked at, edited, replayed or given up. Resolved ones are on the page of their job.
              </EmptyState>
            );
          return waiting.map(({ id, name, deadLetters }) => (
            <Panel
              key={id}
              title={name}
              aside={
                <Group gap="sm">
                  <Text size="sm">{plural(deadLetters.open, 'record')} open</Text>
                  <PageLink to="/jobs/$name" params={{ name }} search={{ tab: 'dead-letters' }}>
                    Look at them
                  </PageLink>
                </Group>
              }
            >
              <GroupsTable job={name} />
            </Panel>
          ));
        }}
      </QueryView>
    </Page>
  );
}
