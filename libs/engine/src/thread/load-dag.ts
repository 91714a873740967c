import { MillraceError } from '@millrace/kernel';
import type { Dag } from '../contract/dag.ts';
import type { DagBuilder } from '../contract/execution.ts';
import { DagInvalid } from '../errors.ts';

/**
 * Imports the module and builds the job's DAG. Modules are cached by the runtime: a new version needs a new URL.
 * @throws MillraceError `engine.dag_invalid` when the module exports no `buildDag`.
 */
export async function loadDag(dagModule: string, spec: unknown): Promise<Dag> {
  const module = (await import(dagModule)) as { readonly buildDag?: DagBuilder };
  if (typeof module.buildDag !== 'function') {
    throw new MillraceError(DagInvalid, {
      message: `${dagModule} does not export buildDag`,
      mend: 'Export a function: export const buildDag: DagBuilder = (spec) => new Dag()…',
    });
  }
  return module.buildDag(spec);
}
