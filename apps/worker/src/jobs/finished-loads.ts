import type { Catalog } from '@millrace/catalog';
import type { JobFigures } from '@millrace/cluster';
import { reloadStates } from '@millrace/connector-contract';

/** Ids that are remembered so as not to be told every second; forgetting them is harmless. */
const TOLD_MAX = 1_000;

/** Tells the catalog which requests to load tables again a committed snapshot has all of. What gets lost is told again with the next figures. */
export class FinishedLoads {
  readonly #catalog: Pick<Catalog, 'tableLoads'>;
  readonly #told = new Set<string>();

  constructor(catalog: Pick<Catalog, 'tableLoads'>) {
    this.#catalog = catalog;
  }

  async tell({ jobId, vertices }: Pick<JobFigures, 'jobId' | 'vertices'>): Promise<void> {
    for (const { custom } of vertices) {
      for (const [id, state] of reloadStates(custom)) {
        if (state === 'loading' || this.#told.has(id)) continue;
        await this.#catalog.tableLoads.finish(jobId, id, state);
        if (this.#told.size >= TOLD_MAX) this.#told.clear();
        this.#told.add(id);
      }
    }
  }
}
