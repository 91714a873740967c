import type { ChangeBatch } from '@millrace/formats';

/** Events that were set aside: with one half of a key change goes the other, which waits in another lane. */
export class SetAside {
  readonly #indexes = new WeakMap<ChangeBatch, Set<number>>();

  has(batch: ChangeBatch, index: number): boolean {
    return this.#indexes.get(batch)?.has(index) ?? false;
  }

  add(batch: ChangeBatch, indexes: readonly number[]): void {
    const known = this.#indexes.get(batch) ?? new Set();
    for (const index of indexes) known.add(index);
    this.#indexes.set(batch, known);
  }
}
