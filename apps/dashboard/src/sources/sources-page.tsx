import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { definitionsQuery } from '../api/definition-queries.ts';
import { DefinitionsTable } from '../definitions/definitions-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { QueryView } from '../parts/query-view.tsx';

export function SourcesPage() {
  const query = useQuery(definitionsQuery('sources'));
  return (
    <Page title="Sources" about="Databases and logs whose changes jobs read" actions={<Register />}>
      <QueryView query={query}>
        {(items) =>
          items.length === 0 ? (
            <EmptyState title="No sources yet">
              A source is a database whose changes are captured. Registering one calls nobody and changes nothing there.{' '}
              <PageLink to="/new-source">Register one</PageLink>.
            </EmptyState>
          ) : (
            <DefinitionsTable kind="sources" items={items} />
          )
        }
      </QueryView>
    </Page>
  );
}

const Register = () => <Button renderRoot={(props) => <Link to="/new-source" {...props} />}>Register a source</Button>;
