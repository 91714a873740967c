import { SimpleGrid } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { definitionQuery } from '../api/definition-queries.ts';
import { jobsQuery } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { addressOf } from '../definitions/address.ts';
import { ChangeButton } from '../definitions/change-button.tsx';
import { CheckPanel } from '../definitions/check-panel.tsx';
import { OptionsPanel, UsesPanel } from '../definitions/definition-panel.tsx';
import { DeleteDefinition } from '../definitions/delete-definition.tsx';
import { jobsUsing } from '../definitions/uses.ts';
import { Page } from '../parts/page.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { GuaranteesPanel } from './guarantees-panel.tsx';

/** One sink: what it lacks, what holds, its options, the jobs that write to it. */
export function SinkPage() {
  const { name } = useParams({ from: '/sinks/$name' });
  const query = useQuery(definitionQuery('sinks', name));
  const { data: jobs = [] } = useLive(jobsQuery);
  const using = jobsUsing(jobs, 'sinks', name);
  return (
    <Page
      title={name}
      about={query.data === undefined ? undefined : `${query.data.type} at ${addressOf(query.data.config)}`}
      actions={
        query.data !== undefined && (
          <>
            <ChangeButton to="/sinks/$name/edit" name={name} />
            <DeleteDefinition kind="sinks" name={name} jobs={using} />
          </>
        )
      }
    >
      <QueryView query={query}>
        {(definition) => (
          <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" style={{ alignItems: 'start' }}>
            <CheckPanel kind="sinks" name={name} />
            <div style={{ display: 'grid', gap: '1rem', alignContent: 'start' }}>
              <OptionsPanel definition={definition} />
              <GuaranteesPanel type={definition.type} kind="sink" />
              <UsesPanel jobs={using} changedAt={definition.updatedAt} />
            </div>
          </SimpleGrid>
        )}
      </QueryView>
    </Page>
  );
}
