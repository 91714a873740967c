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
import { SourceTail } from '../tail/source-tail.tsx';
import { SlotsPanel } from './slots-panel.tsx';
import { TablesPanel } from './tables-panel.tsx';

/** One source: what it lacks, its options, the jobs that read it. */
export function SourcePage() {
  const { name } = useParams({ from: '/sources/$name' });
  const query = useQuery(definitionQuery('sources', name));
  const { data: jobs = [] } = useLive(jobsQuery);
  const using = jobsUsing(jobs, 'sources', name);
  return (
    <Page
      title={name}
      about={query.data === undefined ? undefined : `${query.data.type} at ${addressOf(query.data.config)}`}
      actions={
        query.data !== undefined && (
          <>
            <ChangeButton to="/sources/$name/edit" name={name} />
            <DeleteDefinition kind="sources" name={name} jobs={using} />
          </>
        )
      }
    >
      <QueryView query={query}>
        {(definition) => (
          <>
            <SlotsPanel source={name} />
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" style={{ alignItems: 'start' }}>
              <CheckPanel kind="sources" name={name} />
              <div style={{ display: 'grid', gap: '1rem', alignContent: 'start' }}>
                <OptionsPanel definition={definition} />
                <UsesPanel jobs={using} changedAt={definition.updatedAt} />
              </div>
            </SimpleGrid>
            <SourceTail source={name} />
            <TablesPanel source={name} />
          </>
        )}
      </QueryView>
    </Page>
  );
}
