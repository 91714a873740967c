import type {
  FleetChanges,
  FleetEvent,
  FleetProblem,
  FleetTotals,
  JobSummary,
  StreamTrouble,
} from '@millrace/sdk/client';
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from './client.ts';
import { LIVE_MS } from './job-queries.ts';
import { useEventStream } from './use-event-stream.ts';

/** All jobs in a line each, and what is wrong. */
export interface Fleet {
  readonly problems: readonly FleetProblem[];
  readonly totals: FleetTotals;
  readonly jobs: readonly JobSummary[];
  /** Why nothing new can be told. */
  readonly trouble?: StreamTrouble;
}

const KEY = ['fleet'];

/** Filled by the stream that the frame of the page keeps; read by whoever shows it. */
const fleetQuery = queryOptions({
  queryKey: KEY,
  queryFn: async ({ signal }): Promise<Fleet> => (await api.GET('/api/v1/overview', { signal })).data!,
  enabled: false,
  staleTime: Number.POSITIVE_INFINITY,
});

export const useFleet = () => useQuery(fleetQuery);

/** Also the last hour and what was done last, which change slowly. */
export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: async ({ signal }) => (await api.GET('/api/v1/overview', { signal })).data!,
  refetchInterval: 10_000,
});

function changed(before: Fleet, { totals, problems, changed: lines, removed }: FleetChanges): Fleet {
  const next = new Map(lines.map((job) => [job.id, job]));
  const gone = new Set(removed);
  const kept = before.jobs.filter(({ id }) => !gone.has(id)).map((job) => next.get(job.id) ?? job);
  const known = new Set(before.jobs.map(({ id }) => id));
  const jobs = [...kept, ...lines.filter(({ id }) => !known.has(id))];
  return { totals, problems: problems ?? before.problems, jobs };
}

/** Keeps the fleet up to date; once, in the frame of the page. */
export function useFleetStream(): void {
  const client = useQueryClient();
  const handlers = useMemo(
    () => ({
      fleet: ({ totals, problems, jobs }: FleetEvent) => client.setQueryData<Fleet>(KEY, { totals, problems, jobs }),
      changes: (changes: FleetChanges) =>
        client.setQueryData<Fleet>(KEY, (before) => (before === undefined ? before : changed(before, changes))),
      trouble: (trouble: StreamTrouble) =>
        client.setQueryData<Fleet>(KEY, (before) => (before === undefined ? before : { ...before, trouble })),
    }),
    [client],
  );
  const state = useEventStream('/api/v1/events', handlers);
  useQuery({ ...fleetQuery, enabled: state === 'failed', staleTime: 0, refetchInterval: LIVE_MS });
}
