import { Skeleton } from '@mantine/core';
import type { FleetTotals } from '@millrace/sdk/client';
import { lazy, Suspense } from 'react';
import { overviewQuery, useFleet } from '../api/fleet.ts';
import { useLive } from '../api/use-live.ts';
import { JobsTable } from '../jobs/jobs-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { count, duration, plural, rate } from '../parts/formats.ts';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { Tiles } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { OperationsPanel } from './operations-panel.tsx';
import { ProblemsPanel } from './problems-panel.tsx';
import { SourcesPanel } from './sources-panel.tsx';

const FleetCharts = lazy(() => import('./fleet-charts.tsx'));

/** What is wrong first, then how everything goes. */
export function OverviewPage() {
  const query = useFleet();
  const { data: overview } = useLive(overviewQuery);
  return (
    <Page title="Overview">
      <QueryView query={query}>
        {({ problems, totals, jobs }) => (
          <>
            <ProblemsPanel problems={problems} />
            {jobs.length === 0 ? (
              <FirstSteps />
            ) : (
              <>
                <Totals totals={totals} />
                <Suspense fallback={<Skeleton h={180} />}>
                  {overview !== undefined && <FleetCharts history={overview.history} />}
                </Suspense>
                <JobsTable jobs={jobs} />
              </>
            )}
            {overview !== undefined && overview.sources.length > 0 && (
              <SourcesPanel sources={overview.sources} problems={problems} />
            )}
            {overview !== undefined && <OperationsPanel operations={overview.operations} jobs={jobs} />}
          </>
        )}
      </QueryView>
    </Page>
  );
}

const Totals = ({ totals }: { readonly totals: FleetTotals }) => (
  <Tiles
    facts={[
      { name: 'Jobs running', value: count(totals.byStatus['RUNNING'] ?? 0), note: `of ${count(totals.jobs)}` },
      { name: 'Failed', value: count(totals.byStatus['FAILED'] ?? 0) },
      { name: 'In', value: rate(totals.inPerSecond), note: 'rows/s' },
      { name: 'Out', value: rate(totals.outPerSecond), note: 'rows/s' },
      { name: 'Lag, the worst', value: duration(totals.lagP50Ms), note: `p99 ${duration(totals.lagP99Ms)}` },
      { name: 'Workers', value: plural(totals.members, 'worker') },
    ]}
  />
);

const FirstSteps = () => (
  <EmptyState title="Nothing runs yet">
    A job copies and shapes the changes of a source into a sink. First register a{' '}
    <PageLink to="/sources">source</PageLink>, then a <PageLink to="/sinks">sink</PageLink>, then write the{' '}
    <PageLink to="/new-job">job</PageLink> between them.
  </EmptyState>
);
