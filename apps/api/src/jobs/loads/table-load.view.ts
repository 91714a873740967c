import type { Job, TableLoad } from '@millrace/catalog';
import type { JobFigures } from '@millrace/cluster';
import { reloadStates } from '@millrace/connector-contract';
import { jobTablesView } from '../../live/job/job-tables.ts';
import type { TableLoadView } from './table-load.schemas.ts';

/** Joins a request with what the source tells of its tables. */
export function tableLoadView(job: Job, load: TableLoad, figures: JobFigures | undefined): TableLoadView {
  const tables = jobTablesView(job, figures).items;
  return {
    id: load.id,
    stage: load.stage,
    state: load.outcome ?? stateOf(job, load, figures),
    requestedAt: load.requestedAt.toISOString(),
    finishedAt: load.finishedAt?.toISOString() ?? null,
    tables: tables.filter(({ stage, table }) => stage === load.stage && load.tables.includes(table)),
  };
}

function stateOf(job: Job, load: TableLoad, figures: JobFigures | undefined): TableLoadView['state'] {
  if (job.desired === 'cancelled' || job.status === 'COMPLETED') return 'abandoned';
  const vertex = figures?.vertices.find((each) => each.vertex === load.stage);
  // Done is what the catalog has heard: until then it may still be told again.
  return vertex !== undefined && reloadStates(vertex.custom).has(load.id) ? 'loading' : 'waiting';
}
