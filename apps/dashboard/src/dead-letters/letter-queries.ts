import type { DeadLetterGroups } from '@millrace/sdk/client';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from '../api/client.ts';
import { LIVE_MS } from '../api/job-queries.ts';

const PAGE = 50;

export type LetterGroup = DeadLetterGroups['items'][number];

/** Which letters: of one group, or all. */
export interface LetterFilter {
  readonly stage?: string;
  readonly reason?: string;
  readonly table?: string;
}

export const groupsQuery = (job: string) =>
  queryOptions({
    queryKey: ['jobs', job, 'letters', 'groups'],
    queryFn: async ({ signal }) =>
      (await api.GET('/api/v1/jobs/{id}/dead-letters/groups', { params: { path: { id: job } }, signal })).data!.items,
    refetchInterval: LIVE_MS,
  });

export const lettersQuery = (
  job: string,
  filter: LetterFilter,
  state: 'open' | 'replaying' | 'replayed' | 'discarded',
) =>
  infiniteQueryOptions({
    queryKey: ['jobs', job, 'letters', state, filter],
    queryFn: async ({ pageParam, signal }) =>
      (
        await api.GET('/api/v1/jobs/{id}/dead-letters', {
          params: { path: { id: job }, query: { ...filter, state, limit: PAGE, cursor: pageParam } },
          signal,
        })
      ).data!,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: LIVE_MS,
  });

export const letterQuery = (job: string, letterId: string) =>
  queryOptions({
    queryKey: ['jobs', job, 'letters', 'one', letterId],
    queryFn: async ({ signal }) =>
      (
        await api.GET('/api/v1/jobs/{id}/dead-letters/{letterId}', {
          params: { path: { id: job, letterId } },
          signal,
        })
      ).data!,
  });
