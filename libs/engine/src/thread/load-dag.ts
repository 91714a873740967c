import { MillraceError } from '@millrace/kernel';
import type { Dag } from '../contract/dag.ts';
import type { DagBuilder } from '../contract/execution.ts';
import type { OpenSampler, Sampler, TapRequest } from '../contract/sample.ts';
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

/**
 * The sampler that the module makes for a viewer.
 * @throws MillraceError `engine.dag_invalid` when the module exports no `openSampler`, and what that throws
 */
export async function loadSampler(dagModule: string, { filter }: TapRequest): Promise<Sampler> {
  const { openSampler } = (await import(dagModule)) as { readonly openSampler?: OpenSampler };
  if (typeof openSampler === 'function') return openSampler({ filter });
  throw new MillraceError(DagInvalid, {
    message: `${dagModule} does not export openSampler, so nobody can look at its rows`,
    mend: 'Export a function: export const openSampler: OpenSampler = () => (batch, rowsMax) => …',
  });
}
