import type { ProcessorSupplier, SnapshotEntry, SnapshotWriter } from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import type { LoopMode } from '../contract/row-stage.ts';
import { RowProcessor } from '../keyed/row-processor.ts';
import { SavedRows } from '../keyed/saved-rows.ts';
import { StateTooLarge } from '../window/errors.ts';

export interface SortOptions {
  /** As of `Array.prototype.sort`; by the usual order of the values when absent. */
  // biome-ignore lint/suspicious/noExplicitAny: the row type is the stage's
  readonly compare?: ((a: any, b: any) => number) | undefined;
  readonly mode?: LoopMode | undefined;
}

const ROWS_PER_SLICE = 1_024;
const ROW_BYTES_ESTIMATE = 256;
/** It runs as one instance, so whatever partition its rows are saved in is its own. */
const PARTITION = 0;

/** All rows, when the input has ended, in order; rows that are equal stay in the order they came in. One instance. */
export function sortRows(options: SortOptions): ProcessorSupplier {
  return () => new SortRows(options);
}

class SortRows extends RowProcessor {
  readonly #compare: (a: never, b: never) => number;
  readonly #saved = new SavedRows('rows-', PARTITION);
  #rows: unknown[] = [];
  /** How many of the sorted rows have been emitted; `undefined` while rows come in. */
  #emitted: number | undefined;
  #frozen: { readonly rows: readonly unknown[]; readonly size: number } | undefined;

  constructor({ compare, mode }: SortOptions) {
    super(1, mode);
    this.#compare = compare ?? naturalOrder;
  }

  protected override receive(_ordinal: number, row: unknown): void {
    this.#rows.push(row);
  }

  protected override drain(): boolean {
    if (this.#emitted === undefined) {
      this.#rows = (this.#rows as never[]).toSorted(this.#compare);
      this.#emitted = 0;
    }
    const from = this.#emitted;
    const to = Math.min(from + ROWS_PER_SLICE, this.#rows.length);
    for (let index = from; index < to; index++) this.output.add(this.#rows[index], Number.NaN);
    this.#emitted = to;
    return from === to;
  }

  protected override checkSize(): void {
    const { stateBytesMax, metrics, vertex } = this.context;
    const bytes = this.#rows.length * ROW_BYTES_ESTIMATE;
    metrics.set('stateBytes', bytes);
    if (stateBytesMax === undefined || bytes <= stateBytesMax) return;
    throw new MillraceError(StateTooLarge, {
      message: `${vertex} has ${this.#rows.length} rows to sort (about ${bytes} bytes), more than the ${stateBytesMax} bytes it may have`,
      mend: 'Sort fewer or smaller rows (a filter, an aggregation, topN), or raise the limit on state.',
      details: { vertex, bytes, limit: stateBytesMax },
    });
  }

  /** What has been emitted is no longer part of the state. */
  saveSnapshot(): boolean {
    const rows = this.#emitted === undefined ? this.#rows : this.#rows.slice(this.#emitted);
    this.#frozen = { rows, size: rows.length };
    return true;
  }

  writeSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    return this.#saved.write(this.#frozen!.rows, this.#frozen!.size, writer);
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#saved.collect(entry);
  }

  restoreFinished(): void {
    this.#rows = [...this.#saved.take()];
  }
}

const naturalOrder = (a: never, b: never): number => (a < b ? -1 : a > b ? 1 : 0);
