import type { Executions, Job, JobFigures, JobState, SnapshotFigures, Snapshots } from '@millrace/sdk/client';
import { queryOptions, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from './client.ts';
import { type StreamState, useEventStream } from './use-event-stream.ts';

const SNAPSHOTS_MAX = 100;

export const executionsQuery = (id: string) =>
  queryOptions({
    queryKey: ['jobs', id, 'executions'],
    queryFn: async ({ signal }) =>
      (await api.GET('/api/v1/jobs/{id}/executions', { params: { path: { id } }, signal })).data!,
  });

export const snapshotsQuery = (id: string) =>
  queryOptions({
    queryKey: ['jobs', id, 'snapshots'],
    queryFn: async ({ signal }) =>
      (await api.GET('/api/v1/jobs/{id}/snapshots', { params: { path: { id } }, signal })).data!,
    refetchInterval: 30_000,
  });

/** The last hour, for charts. */
export const historyQuery = (id: string) =>
  queryOptions({
    queryKey: ['jobs', id, 'history'],
    queryFn: async ({ signal }) =>
      (await api.GET('/api/v1/jobs/{id}/history', { params: { path: { id } }, signal })).data!,
    refetchInterval: 10_000,
  });

/** Keeps what is known of one job up to date while its page is open. */
export function useJobStream(id: string): StreamState {
  const client = useQueryClient();
  const handlers = useMemo(() => {
    const key = ['jobs', id];
    return {
      job: (state: JobState) =>
        client.setQueryData<Job>(key, (before) => (before === undefined ? before : { ...before, ...state })),
      figures: (figures: JobFigures) => client.setQueryData<JobFigures | null>([...key, 'figures'], figures),
      nobody: () => client.setQueryData<JobFigures | null>([...key, 'figures'], null),
      executions: (executions: Executions) => client.setQueryData<Executions>([...key, 'executions'], executions),
      snapshot: (snapshot: SnapshotFigures) =>
        client.setQueryData<Snapshots>([...key, 'snapshots'], (before) => withSnapshot(before, snapshot)),
      deleted: () => void client.invalidateQueries({ queryKey: key }),
    };
  }, [client, id]);
  return useEventStream(`/api/v1/jobs/${id}/events`, handlers);
}

function withSnapshot(before: Snapshots | undefined, snapshot: SnapshotFigures): Snapshots | undefined {
  if (before === undefined || before.items.some(({ id }) => id === snapshot.id)) return before;
  return { items: [{ ...snapshot, isRetained: true }, ...before.items].slice(0, SNAPSHOTS_MAX) };
}
