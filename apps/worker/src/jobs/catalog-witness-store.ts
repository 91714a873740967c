import type { Catalog } from '@millrace/catalog';
import type { Witness, WitnessStore } from '@millrace/cluster';
import { fencing } from './catalog-job-directory.ts';

/** Witnesses in the metadata database. */
export class CatalogWitnessStore implements WitnessStore {
  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  async read(jobId: string): Promise<Witness | undefined> {
    const row = await this.#catalog.witness.read(jobId);
    if (row === undefined) return undefined;
    const { snapshotId, generation, stateHash: hash, state, takenAt } = row;
    return { snapshotId, generation, hash, takenAtMs: takenAt.getTime(), state: state ?? undefined };
  }

  async write(jobId: string, { snapshotId, generation, hash, takenAtMs, state }: Witness): Promise<void> {
    await fencing(
      this.#catalog.witness.write({
        jobId,
        snapshotId,
        generation,
        stateHash: hash,
        takenAt: new Date(takenAtMs),
        state: state === undefined ? null : Buffer.from(state.buffer, state.byteOffset, state.byteLength),
      }),
    );
  }
}
