import { Button } from '@mantine/core';
import type { Definition } from '@millrace/sdk/client';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { definitionsQuery } from '../api/definition-queries.ts';
import { overviewQuery } from '../api/fleet.ts';
import { useLive } from '../api/use-live.ts';
import { DefinitionsTable } from '../definitions/definitions-table.tsx';
import type { Column } from '../parts/data-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { bytes, NONE } from '../parts/formats.ts';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { SourceVerdict } from './source-verdict.tsx';

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
            <SourcesTable items={items} />
          )
        }
      </QueryView>
    </Page>
  );
}

function SourcesTable({ items }: { readonly items: readonly Definition[] }) {
  const { data: overview } = useLive(overviewQuery);
  const summaryOf = ({ id }: Definition) => overview?.sources.find((source) => source.id === id);
  const health: readonly Column<Definition>[] = [
    {
      name: 'To look at',
      isText: true,
      cell: (definition) => {
        const source = summaryOf(definition);
        return source === undefined ? NONE : <SourceVerdict source={source} problems={overview!.problems} />;
      },
    },
    {
      name: 'Log kept',
      cell: (definition) => bytes(summaryOf(definition)?.retainedBytes ?? null),
      isNumber: true,
    },
  ];
  return <DefinitionsTable kind="sources" items={items} health={health} />;
}

const Register = () => <Button renderRoot={(props) => <Link to="/new-source" {...props} />}>Register a source</Button>;
