import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { definitionsQuery } from '../api/definition-queries.ts';
import { DefinitionsTable } from '../definitions/definitions-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { QueryView } from '../parts/query-view.tsx';

export function SinksPage() {
  const query = useQuery(definitionsQuery('sinks'));
  return (
    <Page title="Sinks" about="Databases, logs and files that jobs write to" actions={<Register />}>
      <QueryView query={query}>
        {(items) =>
          items.length === 0 ? (
            <EmptyState title="No sinks yet">
              A sink is a system that jobs write to. Registering one calls nobody and changes nothing there.{' '}
              <PageLink to="/new-sink">Register one</PageLink>.
            </EmptyState>
          ) : (
            <DefinitionsTable kind="sinks" items={items} />
          )
        }
      </QueryView>
    </Page>
  );
}

const Register = () => <Button renderRoot={(props) => <Link to="/new-sink" {...props} />}>Register a sink</Button>;
