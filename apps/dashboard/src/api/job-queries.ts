import { ApiProblem, type Job, type JobFigures } from '@millrace/sdk/client';
import { queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import { allPages, PAGE_SIZE } from './pages.ts';
import type { Plan } from './plan.ts';

/** Between two readings of what changes by itself and is not streamed. */
export const LIVE_MS = 2_000;
/** Between two readings of what a stream tells as well, but for a few details. */
const SLOWLY_MS = 10_000;

export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: ({ signal }) =>
    allPages(
      async (cursor) =>
        (await api.GET('/api/v1/jobs', { params: { query: { limit: PAGE_SIZE, cursor } }, signal })).data!,
    ),
  refetchInterval: SLOWLY_MS,
});

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ['jobs', id],
    queryFn: async ({ signal }) => (await api.GET('/api/v1/jobs/{id}', { params: { path: { id } }, signal })).data!,
    refetchInterval: SLOWLY_MS,
  });

/** `null` while no worker tells any. */
export const figuresQuery = (id: string) =>
  queryOptions({
    queryKey: ['jobs', id, 'figures'],
    queryFn: async ({ signal }): Promise<JobFigures | null> => {
      try {
        return (await api.GET('/api/v1/jobs/{id}/metrics', { params: { path: { id } }, signal })).data!;
      } catch (error) {
        if (error instanceof ApiProblem && error.code === 'job.no_figures') return null;
        throw error;
      }
    },
  });

/** How a document would run. @throws ApiProblem `pipeline.invalid` with a pointer to everything that is wrong */
export const planOf = async (document: unknown, signal?: AbortSignal): Promise<Plan> => {
  const { data } = await api.POST('/api/v1/jobs/plan', { body: document as never, signal });
  return data as unknown as Plan;
};

/** The graph of a job; it changes with its document only. */
export const planQuery = (job: Job) =>
  queryOptions({
    queryKey: ['plans', job.id, JSON.stringify(job.document)],
    queryFn: ({ signal }) => planOf(job.document, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
