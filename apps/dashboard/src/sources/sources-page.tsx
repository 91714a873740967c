import { useQuery } from '@tanstack/react-query';
import { definitionsQuery } from '../api/definition-queries.ts';
import { DefinitionsTable } from '../definitions/definitions-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { Page } from '../parts/page.tsx';
import { QueryView } from '../parts/query-view.tsx';

export function SourcesPage() {
  const query = useQuery(definitionsQuery('sources'));
  return (
    <Page title="Sources" about="Databases and logs whose changes jobs read">
      <QueryView query={query}>
        {(items) =>
          items.length === 0 ? (
            <EmptyState title="No sources yet">
              A source is a database whose changes are captured. Registering one calls nobody and changes nothing there.
            </EmptyState>
          ) : (
            <DefinitionsTable kind="sources" items={items} />
          )
        }
      </QueryView>
    </Page>
  );
}
