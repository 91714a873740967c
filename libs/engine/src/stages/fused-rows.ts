import { assert } from '@millrace/kernel';
import { BATCH_ROWS_MAX, type Batch, rowBatch } from '../contract/batch.ts';
import type { FusedSegment } from './fused-segment.ts';

/** A stage over rows, as the array method of the same name. `any`: stages of one list have different row types. */
// biome-ignore-start lint/suspicious/noExplicitAny: a list of stages cannot carry the types between them
export type RowStage =
  | { readonly map: (row: any) => unknown }
  | { readonly filter: (row: any) => boolean }
  | { readonly flatMap: (row: any) => Iterable<unknown> };
// biome-ignore-end lint/suspicious/noExplicitAny: see above

type Emit = (row: unknown) => void;

/** The stages as one function, the last one innermost, so that a row runs through all of them at once. */
function compose(stages: readonly RowStage[], last: Emit): Emit {
  return stages.reduceRight<Emit>((next, stage) => {
    if ('map' in stage) {
      const { map } = stage;
      return (row) => next(map(row));
    }
    if ('filter' in stage) {
      const { filter } = stage;
      return (row) => {
        if (filter(row)) next(row);
      };
    }
    const { flatMap } = stage;
    return (row) => {
      for (const each of flatMap(row)) next(each);
    };
  }, last);
}

/** Neighbouring row stages. The output of one input row is collected whole; otherwise batches are cut at `BATCH_ROWS_MAX`. */
export class FusedRows implements FusedSegment {
  readonly #run: Emit;
  #rows: readonly unknown[] = [];
  #index = 0;
  #output: unknown[] = [];

  constructor(stages: readonly RowStage[]) {
    this.#run = compose(stages, (row) => {
      this.#output.push(row);
    });
  }

  begin(batch: Batch): void {
    assert(batch.kind === 'rows', `row stages read row batches, not ${batch.kind}: decode them with a transform first`);
    this.#rows = batch.rows;
    this.#index = 0;
  }

  next(): Batch | undefined {
    while (this.#index < this.#rows.length && this.#output.length < BATCH_ROWS_MAX) {
      this.#run(this.#rows[this.#index++]);
    }
    if (this.#output.length === 0) return undefined;
    const isWhole = this.#output.length <= BATCH_ROWS_MAX;
    const rows = isWhole ? this.#output : this.#output.slice(0, BATCH_ROWS_MAX);
    this.#output = isWhole ? [] : this.#output.slice(BATCH_ROWS_MAX);
    return rowBatch(rows);
  }
}
