import type { Job } from '@millrace/catalog';
import type { JobFigures, VertexFigures } from '@millrace/cluster';
import { z } from 'zod';
import { stageFields } from '../../jobs/stage-fields.ts';

const PHASES = ['waiting', 'loading', 'streaming'] as const;
const MS_PER_S = 1_000;

export const jobTableSchema = z
  .object({
    stage: z.string(),
    source: z.string(),
    table: z.string(),
    phase: z.enum([...PHASES, 'unknown']).meta({
      description:
        'waiting: its rows are not being read yet. loading: they are. streaming: only changes come. unknown: nobody runs the job, or the source does not tell.',
    }),
    rows: z.number().nullable().meta({ description: 'Read by the initial load so far.' }),
    rowsEstimate: z.number().nullable().meta({ description: 'By the statistics of the source.' }),
    rowsPerSecond: z.number().nullable(),
    etaMs: z.number().nullable().meta({ description: 'Until its rows are read, at this rate and by the estimate.' }),
  })
  .meta({ id: 'JobTable', description: 'A table that a job captures.' });

export const jobTablesSchema = z
  .object({ items: z.array(jobTableSchema) })
  .meta({ id: 'JobTables', description: 'Tables of all source stages of a job, in the order of its document.' });

export type JobTablesView = z.infer<typeof jobTablesSchema>;

export type TableView = JobTablesView['items'][number];

/** Joins what the job asks for with what its sources tell. */
export function jobTablesView({ document }: Pick<Job, 'document'>, figures: JobFigures | undefined): JobTablesView {
  const items = Object.entries(stageFields(document)).flatMap(([stage, { source, tables }]) => {
    if (typeof source !== 'string' || !Array.isArray(tables)) return [];
    const vertex = figures?.vertices.find((each) => each.vertex === stage);
    return (tables as readonly string[]).map((table) => tableView({ stage, source, table }, vertex));
  });
  return { items };
}

function tableView(name: Pick<TableView, 'stage' | 'source' | 'table'>, vertex: VertexFigures | undefined): TableView {
  const told = (what: string): number | undefined => vertex?.custom[`table.${what} ${name.table}`];
  const phase = PHASES[told('phase') ?? -1] ?? 'unknown';
  const rows = told('rows') ?? null;
  const estimate = told('estimate') ?? -1;
  const rate = told('rate') ?? 0;
  const left = rows === null || estimate < rows ? null : estimate - rows;
  return {
    ...name,
    phase,
    rows,
    rowsEstimate: estimate < 0 ? null : estimate,
    rowsPerSecond: phase === 'loading' ? rate : null,
    etaMs: phase === 'loading' && rate > 0 && left !== null ? (left / rate) * MS_PER_S : null,
  };
}
