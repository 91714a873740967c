import type { Known } from './complete.ts';

/** A job to begin with: the names that are registered, or what stands for them. */
export function template({ sources, sinks }: Pick<Known, 'sources' | 'sinks'>): string {
  const source = sources[0]?.name ?? 'SOURCE';
  const sink = sinks[0]?.name ?? 'SINK';
  return `name: my-job
stages:
  rows:
    source: ${source}
    tables: [public.TABLE]
  copy:
    input: rows
    sink: ${sink}
    mode: upsert
`;
}
