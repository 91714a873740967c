import { queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import { allPages, PAGE_SIZE } from './pages.ts';

/** A registered source or a registered sink: both have the same routes. */
export type Kind = 'sources' | 'sinks';

export const definitionsQuery = (kind: Kind) =>
  queryOptions({
    queryKey: [kind],
    queryFn: ({ signal }) =>
      allPages(
        async (cursor) =>
          (await api.GET(`/api/v1/${kind}`, { params: { query: { limit: PAGE_SIZE, cursor } }, signal })).data!,
      ),
  });

export const definitionQuery = (kind: Kind, id: string) =>
  queryOptions({
    queryKey: [kind, id],
    queryFn: async ({ signal }) => (await api.GET(`/api/v1/${kind}/{id}`, { params: { path: { id } }, signal })).data!,
  });

/** Asks the system itself, so it is asked when somebody looks, not every second. */
export const checkQuery = (kind: Kind, id: string) =>
  queryOptions({
    queryKey: [kind, id, 'check'],
    queryFn: async ({ signal }) =>
      (await api.POST(`/api/v1/${kind}/{id}/check`, { params: { path: { id } }, signal })).data!,
    staleTime: 30_000,
  });

export const connectorsQuery = queryOptions({
  queryKey: ['connectors'],
  queryFn: async ({ signal }) => (await api.GET('/api/v1/connectors', { signal })).data!.items,
  staleTime: Number.POSITIVE_INFINITY,
});
