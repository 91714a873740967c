import type { Job } from '@millrace/sdk/client';
import { lazy, Suspense, useState } from 'react';
import type { Figures } from '../api/figures.ts';
import { planQuery } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { QueryView } from '../parts/query-view.tsx';
import { VertexDrawer } from './vertex-drawer.tsx';
import { VertexTable } from './vertex-table.tsx';

const Graph = lazy(() => import('./graph/graph.tsx'));

export interface JobGraphTabProps {
  readonly job: Job;
  readonly figures: Figures | null;
  readonly as: 'graph' | 'list';
}

/** The vertices of a job with their figures, drawn or as a list; both open the same drawer. */
export function JobGraphTab({ job, figures, as }: JobGraphTabProps) {
  const query = useLive(planQuery(job));
  const [chosen, choose] = useState<string>();
  return (
    <QueryView query={query}>
      {(plan) => (
        <>
          {as === 'graph' ? (
            <Suspense>
              <Graph plan={plan} figures={figures} onChoose={choose} />
            </Suspense>
          ) : (
            <VertexTable plan={plan} figures={figures} onChoose={choose} />
          )}
          <VertexDrawer plan={plan} figures={figures} vertex={chosen} onClose={() => choose(undefined)} />
        </>
      )}
    </QueryView>
  );
}
