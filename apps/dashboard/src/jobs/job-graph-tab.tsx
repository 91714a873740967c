import type { Job, JobFigures } from '@millrace/sdk/client';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useDeferredValue, useMemo, useState } from 'react';
import { planQuery } from '../api/job-queries.ts';
import { useMe } from '../api/me.ts';
import { type Plan, planOfFigures } from '../api/plan.ts';
import { Loading } from '../parts/loading.tsx';
import { QueryView } from '../parts/query-view.tsx';
import styles from './job-page.module.css';
import { VertexDrawer } from './vertex-drawer.tsx';
import { VertexTable } from './vertex-table.tsx';

const Graph = lazy(() => import('./graph/graph.tsx'));

export interface JobGraphTabProps {
  readonly job: Job;
  readonly figures: JobFigures | null;
  readonly as: 'graph' | 'list';
}

/** The vertices of a job with their figures, drawn or as a list; both open the same drawer. */
export function JobGraphTab(props: JobGraphTabProps) {
  const { may } = useMe();
  return may('editor') ? <Planned {...props} /> : <Running {...props} />;
}

function Planned(props: JobGraphTabProps) {
  const query = useQuery(planQuery(props.job));
  return <QueryView query={query}>{(plan) => <Vertices {...props} plan={plan} />}</QueryView>;
}

/** Planning takes an editor; others see the graph while it runs. */
function Running(props: JobGraphTabProps) {
  const { figures } = props;
  const shape = figures === null ? undefined : JSON.stringify(planOfFigures(figures));
  const plan = useMemo(() => (shape === undefined ? undefined : (JSON.parse(shape) as Plan)), [shape]);
  return plan === undefined ? <p>The graph is shown while the job runs.</p> : <Vertices {...props} plan={plan} />;
}

function Vertices({ job, figures: newest, as, plan }: JobGraphTabProps & { readonly plan: Plan }) {
  // Drawn when there is time: many updates of a large graph must not hold up who moves it.
  const figures = useDeferredValue(newest);
  const [chosen, choose] = useState<string>();
  return (
    <>
      {as === 'graph' ? (
        <div className={chosen === undefined ? '' : styles['beside']!}>
          <Suspense fallback={<Loading />}>
            <Graph plan={plan} figures={figures} focus={chosen} onChoose={choose} />
          </Suspense>
        </div>
      ) : (
        <VertexTable plan={plan} figures={figures} onChoose={choose} />
      )}
      <VertexDrawer job={job.name} plan={plan} figures={figures} vertex={chosen} onClose={() => choose(undefined)} />
    </>
  );
}
