import type { Job } from '@millrace/sdk/client';
import type { Kind } from '../api/definition-queries.ts';

/** Names of the sources or sinks that a job names. */
function namesOf({ document }: Job, kind: Kind): readonly string[] {
  const wanted = kind === 'sources' ? 'source' : 'sink';
  if ('uses' in document) return document.uses.flatMap((use) => (use.role === wanted ? [use.definition] : []));
  if (!('stages' in document)) return [];
  return Object.values(document.stages).flatMap((stage) => {
    const enriched = stage['enrich'] as Record<string, unknown> | undefined;
    return [stage[wanted], kind === 'sources' ? enriched?.['source'] : undefined].filter(
      (name) => typeof name === 'string',
    );
  });
}

/** Jobs that read the source, or write to the sink. */
export const jobsUsing = (jobs: readonly Job[], kind: Kind, name: string): readonly Job[] =>
  jobs.filter((job) => namesOf(job, kind).includes(name));
