import type { Catalog, Job } from '@millrace/catalog';
import type { ConnectorRegistry } from '@millrace/connector-contract';
import { stageFields } from '../stage-fields.ts';

/** What stages with a memory make of rows that come again. */
const MEMORIES: Readonly<Record<string, string>> = {
  aggregate: 'counts the rows once more',
  join: 'takes the rows for new events',
  distinct: 'lets only rows through that it has not seen yet',
  deduplicate: 'lets only rows through that it has not seen yet',
};

/** What loading tables again does, a sentence each; the sinks and stages that take it badly by name. */
export async function loadEffects(
  job: Job,
  tables: readonly string[],
  { catalog, registry }: { readonly catalog: Catalog; readonly registry: ConnectorRegistry },
): Promise<readonly string[]> {
  const effects = [
    'The job takes a snapshot and starts again from it: for about a second nothing is delivered.',
    `Every row of ${tables.join(', ')} is read and delivered again as "r", beside the changes, of which none is lost. The other tables go on as they are.`,
    'Changes of a row may come behind a reading that has them already; they come in their order, and the last one is right.',
    'Rows that the target has and the source has not stay there; remove them at the target before.',
    'A table waits until the transactions that have changed it and are open now have ended.',
  ];
  for (const [stage, fields] of Object.entries(stageFields(job.document))) {
    const kind = Object.keys(MEMORIES).find((each) => each in fields);
    if (kind !== undefined) effects.push(`Stage "${stage}" (${kind}) ${MEMORIES[kind]}.`);
    if (typeof fields['sink'] !== 'string') continue;
    const { type } = await catalog.sinks.get(fields['sink']);
    const { holds } = registry.sink(type).capabilities;
    if (fields['mode'] === 'insert-only')
      effects.push(`Stage "${stage}" (${type}) adds only the rows that are missing.`);
    const keepsChanges = holds === 'changes' || (holds === 'option' && fields['mode'] === 'append');
    if (keepsChanges)
      effects.push(`Stage "${stage}" (${type}) keeps every event as a line of its own: it gets the rows once more.`);
  }
  return effects;
}
