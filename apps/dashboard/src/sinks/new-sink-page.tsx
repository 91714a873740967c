import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { connectorsQuery } from '../api/definition-queries.ts';
import { NewDefinition, probeOf } from '../definitions/new-definition.tsx';
import { Page } from '../parts/page.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { GuaranteesPanel } from './guarantees-panel.tsx';

/** A system that jobs write to: its options, what it lacks, what holds there, its name. */
export function NewSinkPage() {
  const query = useQuery(connectorsQuery);
  const navigate = useNavigate();
  return (
    <Page title="Register a sink" about="A database, log or folder that jobs write to">
      <QueryView query={query}>
        {(connectors) => (
          <NewDefinition
            kind="sinks"
            connectors={connectors.filter(({ role }) => role === 'sink')}
            probe={probeOf('sinks')}
            more={(_, type) => <GuaranteesPanel type={type} kind="sink" />}
            onCreated={(name) => void navigate({ to: '/sinks/$name', params: { name } })}
          />
        )}
      </QueryView>
    </Page>
  );
}
