import { Group } from '@mantine/core';
import type { Schedule, ScheduleRun } from '@millrace/sdk/client';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../api/client.ts';
import { LIVE_MS } from '../api/job-queries.ts';
import { allPages, PAGE_SIZE } from '../api/pages.ts';
import { useLive } from '../api/use-live.ts';
import { jobState } from '../jobs/job-state.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { count, dateAndTime, duration, NONE, plural } from '../parts/formats.ts';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge, type Tone } from '../parts/tone.tsx';

const schedulesQuery = queryOptions({
  queryKey: ['schedules'],
  queryFn: ({ signal }) =>
    allPages(
      async (cursor) =>
        (await api.GET('/api/v1/schedules', { params: { query: { limit: PAGE_SIZE, cursor } }, signal })).data!,
    ),
  refetchInterval: LIVE_MS,
});

const OUTCOMES: Readonly<Record<ScheduleRun['outcome'], { readonly word: string; readonly tone: Tone }>> = {
  queued: { word: 'Waits for the run before', tone: 'busy' },
  submitted: { word: 'Job was deleted', tone: 'idle' },
  skipped: { word: 'Skipped', tone: 'warn' },
  missed: { word: 'Missed', tone: 'warn' },
  refused: { word: 'Refused', tone: 'bad' },
};

/** Rows that went into the sinks: of stages that gave none on. */
const rowsOut = ({ counts }: ScheduleRun): string =>
  counts === null ? NONE : count(counts.reduce((sum, stage) => sum + (stage.rowsOut === 0 ? stage.rowsIn : 0), 0));

const COLUMNS: readonly Column<Schedule>[] = [
  { name: 'Schedule', cell: ({ name }) => name },
  {
    name: 'Ticks',
    cell: ({ cron, timeZone }) => (
      <>
        <code>{cron}</code> {timeZone}
      </>
    ),
  },
  {
    name: 'Next',
    cell: ({ suspended, nextTicks: [next] }) =>
      suspended ? <StatusBadge tone="idle">Suspended</StatusBadge> : ((next && dateAndTime(new Date(next))) ?? 'never'),
  },
  { name: 'Last run', cell: ({ lastRun }) => (lastRun === null ? NONE : <Since at={lastRun.tick} ago />) },
  { name: 'State', cell: ({ lastRun }) => (lastRun === null ? NONE : <RunState run={lastRun} />) },
  { name: 'Rows out', cell: ({ lastRun }) => (lastRun === null ? NONE : rowsOut(lastRun)), isNumber: true },
  { name: 'Took', cell: ({ lastRun }) => duration(lastRun?.durationMs), isNumber: true },
  { name: 'To do', cell: (schedule) => <Actions schedule={schedule} /> },
];

function RunState({ run: { outcome, status, desired, jobName } }: { readonly run: ScheduleRun }) {
  if (status === null || desired === null) {
    const { word, tone } = OUTCOMES[outcome];
    return <StatusBadge tone={tone}>{word}</StatusBadge>;
  }
  const { word, tone } = jobState({ status, desired });
  return (
    <Group gap="xs" wrap="nowrap">
      <StatusBadge tone={tone}>{word}</StatusBadge>
      <PageLink to="/jobs/$name" params={{ name: jobName }}>
        its job
      </PageLink>
    </Group>
  );
}

function Actions({ schedule: { name, suspended } }: { readonly schedule: Schedule }) {
  const params = { path: { id: name } };
  return (
    <Group gap="xs" wrap="nowrap">
      <ConfirmAction
        label="Run now"
        needs="operator"
        says="A job is submitted with this moment as its tick, beside the ticks of the schedule. If a run is not over, it is treated as the schedule's overlap says."
        call={(client) => client.POST('/api/v1/schedules/{id}/run', { params })}
      />
      {suspended ? (
        <ConfirmAction
          label="Resume"
          needs="operator"
          says="It ticks again from now on. Ticks in between are not made up for."
          call={(client) => client.POST('/api/v1/schedules/{id}/resume', { params })}
        />
      ) : (
        <ConfirmAction
          label="Suspend"
          needs="operator"
          says="It does not tick until it is resumed. A run that has begun goes on."
          call={(client) => client.POST('/api/v1/schedules/{id}/suspend', { params })}
        />
      )}
    </Group>
  );
}

/** Jobs that are submitted again and again: when next, and how the last one went. */
export function SchedulesPage() {
  const query = useLive(schedulesQuery);
  return (
    <Page title="Schedules" about={query.data === undefined ? undefined : plural(query.data.length, 'schedule')}>
      <QueryView query={query}>
        {(items) =>
          items.length === 0 ? (
            <EmptyState title="No schedules yet">
              A schedule submits a job at the ticks of a cron pattern. Make one with <code>POST /api/v1/schedules</code>
              , or in a configuration for <code>millrace apply</code>.
            </EmptyState>
          ) : (
            <DataTable label="Schedules" columns={COLUMNS} rows={items} keyOf={({ id }) => id} />
          )
        }
      </QueryView>
    </Page>
  );
}
