import type { Known } from './complete.ts';

/** A job to begin with: the names that are registered, or what stands for them. */
export function template(
  { sources, sinks }: Pick<Known, 'sources' | 'sinks'>,
  wanted: { source?: string | undefined; tables?: string | undefined },
): string {
  const source = wanted.source ?? sources[0]?.name ?? 'SOURCE';
  const sink = sinks[0]?.name ?? 'SINK';
  const tables = wanted.tables?.split(',').join(', ') || 'public.TABLE';
  return `name: my-job
stages:
  rows:
    source: ${source}
    tables: [${tables}]
  copy:
    input: rows
    sink: ${sink}
    mode: upsert
`;
}
