import { queryOptions, useQuery } from '@tanstack/react-query';
import { api } from '../api/client.ts';
import { TablesChooser } from '../definitions/tables-chooser.tsx';
import { Panel } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';

const tablesQuery = (source: string) =>
  queryOptions({
    queryKey: ['sources', source, 'tables'],
    queryFn: async ({ signal }) =>
      (await api.GET('/api/v1/sources/{id}/tables', { params: { path: { id: source } }, signal })).data!,
    staleTime: 60_000,
    retry: false,
  });

/** The tables of a source that could be captured. */
export function TablesPanel({ source }: { readonly source: string }) {
  const query = useQuery(tablesQuery(source));
  return (
    <Panel title="Tables">
      <QueryView query={query}>{(tables) => <TablesChooser tables={tables} />}</QueryView>
    </Panel>
  );
}
