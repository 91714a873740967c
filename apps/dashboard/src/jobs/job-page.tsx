import { Badge, Tabs } from '@mantine/core';
import type { Job } from '@millrace/sdk/client';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useJobStream } from '../api/job-live.ts';
import { figuresQuery, jobQuery, LIVE_MS } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { Loading } from '../parts/loading.tsx';
import { Page } from '../parts/page.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge } from '../parts/tone.tsx';
import { ExecutionsTable } from './executions-table.tsx';
import { JobActions } from './job-actions.tsx';
import { JobCounts } from './job-counts.tsx';
import { JobDocument } from './job-document.tsx';
import { JobFailure } from './job-failure.tsx';
import { JobGraphTab } from './job-graph-tab.tsx';
import styles from './job-page.module.css';
import { guaranteeOf, jobState, stateSince } from './job-state.ts';
import { JobTiles } from './job-tiles.tsx';
import { SnapshotsTable } from './snapshots-table.tsx';
import { TablesTable } from './tables-table.tsx';

const DeadLetters = lazy(() => import('../dead-letters/job-dead-letters.tsx'));

const Tail = lazy(() => import('../tail/job-tail.tsx'));

const Charts = lazy(() => import('./job-charts.tsx'));

const TABS = [
  'graph',
  'list',
  'rows',
  'tables',
  'charts',
  'snapshots',
  'executions',
  'dead-letters',
  'document',
] as const;
type Tab = (typeof TABS)[number];

/** One job: its state and what to do about it, its figures, its graph. */
export function JobPage() {
  const { name } = useParams({ from: '/jobs/$name' });
  const query = useLive(jobQuery(name));
  const job = query.data;
  return (
    <Page
      title={name}
      state={job !== undefined && <State job={job} />}
      about={job !== undefined && `${guaranteeOf(job)}, execution ${job.generation}`}
      actions={job !== undefined && <JobActions job={job} />}
    >
      <QueryView query={query}>{(shown) => <JobBody job={shown} />}</QueryView>
    </Page>
  );
}

function State({ job }: { readonly job: Job }) {
  const { word, tone } = jobState(job);
  return (
    <StatusBadge tone={tone}>
      <span data-testid="job-state">{word}</span>
      <span>
        for <Since at={stateSince(job)} />
      </span>
    </StatusBadge>
  );
}

/** On a phone the tabs do not all fit. */
const showActiveTab = (list: HTMLElement | null): void =>
  list?.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

function JobBody({ job }: { readonly job: Job }) {
  const { tab = 'graph' } = useSearch({ from: '/jobs/$name' });
  const navigate = useNavigate({ from: '/jobs/$name' });
  const stream = useJobStream(job.name);
  const { data: figures = null } = useLive({
    ...figuresQuery(job.name),
    refetchInterval: stream === 'failed' ? LIVE_MS : false,
  });
  const shown = TABS.includes(tab as Tab) ? tab : 'graph';
  return (
    <>
      <JobFailure job={job} />
      <JobTiles job={job} figures={figures} />
      <JobCounts job={job} />
      <Tabs
        value={shown}
        onChange={(value) => void navigate({ search: { tab: value ?? undefined }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="sm" ref={showActiveTab} className={styles['tabs']}>
          <Tabs.Tab value="graph">Graph</Tabs.Tab>
          <Tabs.Tab value="list">List</Tabs.Tab>
          <Tabs.Tab value="rows">Rows</Tabs.Tab>
          <Tabs.Tab value="tables">Tables</Tabs.Tab>
          <Tabs.Tab value="charts">Charts</Tabs.Tab>
          <Tabs.Tab value="snapshots">Snapshots</Tabs.Tab>
          <Tabs.Tab value="executions">Executions</Tabs.Tab>
          <Tabs.Tab
            value="dead-letters"
            rightSection={
              job.deadLetters.open > 0 && (
                <Badge size="xs" color="yellow" c="black">
                  {job.deadLetters.open}
                </Badge>
              )
            }
          >
            Dead letters
          </Tabs.Tab>
          <Tabs.Tab value="document">Document</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="graph">
          <JobGraphTab job={job} figures={figures} as="graph" />
        </Tabs.Panel>
        <Tabs.Panel value="list">
          <JobGraphTab job={job} figures={figures} as="list" />
        </Tabs.Panel>
        <Tabs.Panel value="rows">
          <Suspense fallback={<Loading />}>
            <Tail job={job.name} figures={figures} />
          </Suspense>
        </Tabs.Panel>
        <Tabs.Panel value="tables">
          <TablesTable job={job.name} />
        </Tabs.Panel>
        <Tabs.Panel value="charts">
          <Suspense fallback={<Loading />}>
            <Charts job={job.name} />
          </Suspense>
        </Tabs.Panel>
        <Tabs.Panel value="snapshots">
          <SnapshotsTable job={job.name} />
        </Tabs.Panel>
        <Tabs.Panel value="executions">
          <ExecutionsTable job={job.name} />
        </Tabs.Panel>
        <Tabs.Panel value="dead-letters">
          <Suspense fallback={<Loading />}>
            <DeadLetters job={job} />
          </Suspense>
        </Tabs.Panel>
        <Tabs.Panel value="document">
          <JobDocument job={job} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
