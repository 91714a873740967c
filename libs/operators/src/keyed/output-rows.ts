import { BATCH_ROWS_MAX, type Outbox, type RowBatch, rowBatch } from '@millrace/engine';

/** Rows on their way out, with their event times where they have any. */
export class OutputRows {
  #rows: unknown[] = [];
  #times: number[] = [];
  #given = 0;
  #pending: RowBatch | undefined;

  get isEmpty(): boolean {
    return this.#pending === undefined && this.#rows.length === 0;
  }

  /** Rows that have not been put into a batch yet. */
  get length(): number {
    return this.#rows.length - this.#given;
  }

  /** @param timeMs `NaN` for a row without an event time. */
  add(row: unknown, timeMs: number): void {
    this.#rows.push(row);
    this.#times.push(timeMs);
  }

  /** Offers everything; `false` when something was refused. */
  emit(outbox: Outbox): boolean {
    for (;;) {
      if (this.#pending !== undefined && !outbox.offer(this.#pending)) return false;
      this.#pending = this.#take();
      if (this.#pending === undefined) return true;
    }
  }

  #take(): RowBatch | undefined {
    const count = Math.min(this.length, BATCH_ROWS_MAX);
    if (count === 0) return undefined;
    const rows = this.#rows.slice(this.#given, this.#given + count);
    const times = Number.isNaN(this.#times[this.#given]!)
      ? undefined
      : Float64Array.from(this.#times.slice(this.#given, this.#given + count));
    this.#given += count;
    if (this.#given === this.#rows.length) {
      this.#rows = [];
      this.#times = [];
      this.#given = 0;
    }
    return rowBatch(rows, undefined, times);
  }
}
