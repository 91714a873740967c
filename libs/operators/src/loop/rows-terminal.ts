import { BATCH_ROWS_MAX, type RowBatch, rowBatch } from '@millrace/engine';
import type { LoopNames, LoopTerminal } from './loop-terminal.ts';

const TIMES_START = 1_024;

/** Collects the rows of a loop, with their event times, and gives them out in batches. */
export class RowsTerminal implements LoopTerminal {
  readonly args: readonly unknown[] = [this];
  rows: unknown[] = [];
  times = new Float64Array(TIMES_START);
  /** Rows already given out of `rows`. */
  #given = 0;
  readonly #hasTimes: () => boolean;

  /** `hasTimes`: whether the rows of the loop that is running have event times. */
  constructor(hasTimes: () => boolean) {
    this.#hasTimes = hasTimes;
  }

  get isFull(): boolean {
    return this.rows.length >= BATCH_ROWS_MAX;
  }

  code({ row, time, argument }: LoopNames): { readonly before: string; readonly row: string; readonly after: string } {
    const out = argument(0);
    return {
      before: `const out = ${out}.rows; let m = out.length, at = ${out}.times;`,
      row: `if (m === at.length) at = ${out}.growTimes(); at[m++] = ${time}; out.push(${row});`,
      after: '',
    };
  }

  receive(row: unknown, timeMs: number): void {
    if (this.rows.length === this.times.length) this.growTimes();
    this.times[this.rows.length] = timeMs;
    this.rows.push(row);
  }

  /** Room for more rows; called by the loop. */
  growTimes(): Float64Array {
    const larger = new Float64Array(this.times.length * 2);
    larger.set(this.times);
    this.times = larger;
    return larger;
  }

  /** The next at most `BATCH_ROWS_MAX` rows; `undefined` when there are none left. */
  take(): RowBatch | undefined {
    const left = this.rows.length - this.#given;
    if (left === 0) return undefined;
    const from = this.#given;
    const count = Math.min(left, BATCH_ROWS_MAX);
    const rows = count === this.rows.length ? this.rows : this.rows.slice(from, from + count);
    const times = this.#hasTimes() ? this.times.slice(from, from + count) : undefined;
    this.#given += count;
    if (this.#given === this.rows.length) {
      this.rows = [];
      this.#given = 0;
    }
    return rowBatch(rows, undefined, times);
  }
}
