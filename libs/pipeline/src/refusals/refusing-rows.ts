import type { Refusals } from '@millrace/connector-contract';
import {
  BATCH_ROWS_MAX,
  type Batch,
  type Outbox,
  type Processor,
  type ProcessorContext,
  rowBatch,
} from '@millrace/engine';
import { isChangeBatch } from '@millrace/formats';
import { isRecordError } from '@millrace/kernel';
import { composeStages, type RowStage, rowAt } from '@millrace/operators';
import { type RowEvent, RowLetters } from './row-letters.ts';

export interface RefusingRowsOptions {
  readonly stage: string;
  readonly row: RowStage;
  readonly keyOf: ((row: never) => unknown) | undefined;
  readonly refusals: Refusals;
}

/** One stateless stage over rows that goes on without those its function throws for. */
export const refusingRows = (options: RefusingRowsOptions): Processor => new RefusingRows(options);

class RefusingRows implements Processor {
  readonly #options: RefusingRowsOptions;
  readonly #run: (row: unknown, timeMs: number) => void;
  #letters!: RowLetters;
  #outbox!: Outbox;
  /** What the row at hand makes. */
  #made: unknown[] = [];
  /** Made of the batch under way, and not yet taken. */
  #outputs: Batch[] | undefined;

  constructor(options: RefusingRowsOptions) {
    this.#options = options;
    this.#run = composeStages([options.row], (row) => this.#made.push(row));
  }

  init({ outbox, clock }: ProcessorContext): void {
    const { stage, keyOf, refusals } = this.#options;
    this.#outbox = outbox;
    this.#letters = new RowLetters({ stage, keyOf, refusals, clock });
  }

  process(_ordinal: number, batch: Batch): boolean {
    this.#outputs ??= this.#apply(batch);
    while (this.#outputs.length > 0) {
      if (!this.#outbox.offer(this.#outputs[0]!)) return false;
      this.#outputs.shift();
    }
    this.#outputs = undefined;
    return true;
  }

  #apply(batch: Batch): Batch[] {
    const rows: unknown[] = [];
    const times: number[] = [];
    for (let index = 0; index < batch.length; index++) {
      const timeMs = this.#take(batch, index);
      for (const each of this.#made) {
        rows.push(each);
        times.push(timeMs);
      }
    }
    const hasTimes = times.some((timeMs) => !Number.isNaN(timeMs));
    const outputs: Batch[] = [];
    for (let from = 0; from < rows.length; from += BATCH_ROWS_MAX) {
      const some = times.slice(from, from + BATCH_ROWS_MAX);
      outputs.push(
        rowBatch(rows.slice(from, from + BATCH_ROWS_MAX), undefined, hasTimes ? Float64Array.from(some) : undefined),
      );
    }
    return this.#withStream(batch, outputs);
  }

  /** Event time is followed for each stream, and a batch without rows says that there is one. */
  #withStream(batch: Batch, outputs: Batch[]): Batch[] {
    const stream = 'stream' in batch ? batch.stream : undefined;
    if (stream === undefined) return outputs;
    return (outputs.length === 0 ? [rowBatch([])] : outputs).map((output) => ({ ...output, stream }) as Batch);
  }

  /** Runs one row; what it makes is in `#made`. @returns its event time */
  #take(batch: Batch, index: number): number {
    this.#made = [];
    const origin: RowEvent | undefined = isChangeBatch(batch) ? { batch, index } : undefined;
    let row: unknown;
    let timeMs = Number.NaN;
    try {
      if (origin !== undefined) ({ row, timeMs } = this.#letters.rowOf(origin));
      else if (batch.kind !== 'bytes') {
        row = rowAt(batch, index);
        timeMs = batch.times?.[index] ?? Number.NaN;
      }
    } catch (error) {
      if (!isRecordError(error)) throw error;
      this.#letters.refuse(row, timeMs, origin, error);
      return timeMs;
    }
    if (this.#letters.isHeld(row, timeMs, origin)) return timeMs;
    try {
      this.#run(row, timeMs);
    } catch (error) {
      this.#made = [];
      this.#letters.refuse(row, timeMs, origin, error);
    }
    return timeMs;
  }
}
