import type { Refusals } from '@millrace/connector-contract';
import {
  type Batch,
  type Processor,
  type ProcessorContext,
  type ProcessorSupplier,
  rowBatch,
  type SnapshotEntry,
  type SnapshotWriter,
  type Watermark,
} from '@millrace/engine';
import { type ChangeBatch, isChangeBatch } from '@millrace/formats';
import { isRecordError, type MillraceError } from '@millrace/kernel';
import { type AsyncMapOptions, asyncMap, rowAt } from '@millrace/operators';
import { type RowEvent, RowLetters } from './row-letters.ts';

export interface RefusingCallsOptions {
  readonly stage: string;
  readonly calls: AsyncMapOptions;
  readonly keyOf: ((row: never) => unknown) | undefined;
  readonly refusals: Refusals;
}

/** A stage that calls something for each row, and goes on without rows for which every attempt failed. */
export const refusingCalls = (options: RefusingCallsOptions, instance: Parameters<ProcessorSupplier>[0]): Processor =>
  new RefusingCalls(options, instance);

class RefusingCalls implements Processor {
  readonly #options: RefusingCallsOptions;
  readonly #inner: Processor;
  /** Events of rows that came back and are being called for. */
  readonly #origins = new Map<unknown, RowEvent>();
  #letters!: RowLetters;
  #isFrozen = false;
  /** What is left of the batch under way. */
  #current: { readonly given: Batch; readonly rest: Batch } | undefined;

  constructor(options: RefusingCallsOptions, instance: Parameters<ProcessorSupplier>[0]) {
    this.#options = options;
    const setsAside: AsyncMapOptions['setsAside'] = (row, timeMs, failure) => this.#setsAside(row, timeMs, failure);
    this.#inner = asyncMap({ ...options.calls, setsAside })(instance);
  }

  async init(context: ProcessorContext): Promise<void> {
    const { stage, keyOf, refusals } = this.#options;
    this.#letters = new RowLetters({ stage, keyOf, refusals, clock: context.clock });
    await this.#inner.init!(context);
  }

  process(ordinal: number, batch: Batch): boolean {
    this.#current ??= { given: batch, rest: this.#rest(batch) };
    if (!this.#inner.process!(ordinal, this.#current.rest)) return false;
    this.#current = undefined;
    return true;
  }

  processWatermark(mark: Watermark): boolean {
    return this.#inner.processWatermark!(mark);
  }

  woken(): boolean {
    return this.#inner.woken!();
  }

  complete(): boolean {
    return this.#inner.complete!();
  }

  snapshotPrepare(snapshotId: number): boolean {
    return this.#inner.snapshotPrepare!(snapshotId);
  }

  /** Whole at once: the gate ahead of it knows no other way. */
  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    this.#isFrozen ||= this.#inner.saveSnapshot!(snapshotId, writer);
    if (!this.#isFrozen || !this.#inner.writeSnapshot!(snapshotId, writer)) return false;
    this.#isFrozen = false;
    return true;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#inner.restoreSnapshot!(entry);
  }

  async restoreFinished(): Promise<void> {
    await this.#inner.restoreFinished!();
  }

  async close(): Promise<void> {
    await this.#inner.close!();
  }

  /** Later ones of a key that failed may have been called for already. */
  #setsAside(row: unknown, timeMs: number, failure: MillraceError | undefined): boolean {
    const origin = this.#origins.get(row);
    this.#origins.delete(row);
    if (this.#letters.isHeld(row, timeMs, origin)) return true;
    if (failure === undefined) return false;
    this.#letters.refuse(row, timeMs, origin, failure);
    return true;
  }

  /** The rows that may be called for. */
  #rest(batch: Batch): Batch {
    if (isChangeBatch(batch)) return this.#returned(batch);
    const { keyOf, refusals } = this.#options;
    if (batch.kind === 'bytes' || keyOf === undefined || !refusals.holdsAny) return batch;
    const rows: unknown[] = [];
    const times: number[] = [];
    for (let index = 0; index < batch.length; index++) {
      const row = rowAt(batch, index);
      const timeMs = batch.times?.[index] ?? Number.NaN;
      if (this.#letters.isHeld(row, timeMs, undefined)) continue;
      rows.push(row);
      times.push(timeMs);
    }
    return rowBatch(rows, undefined, batch.times === undefined ? undefined : Float64Array.from(times));
  }

  #returned(batch: ChangeBatch): Batch {
    const rows: unknown[] = [];
    const times: number[] = [];
    for (let index = 0; index < batch.length; index++) {
      const origin = { batch, index };
      try {
        const { row, timeMs } = this.#letters.rowOf(origin);
        if (this.#letters.isHeld(row, timeMs, origin)) continue;
        this.#origins.set(row, origin);
        rows.push(row);
        times.push(timeMs);
      } catch (error) {
        if (!isRecordError(error)) throw error;
        this.#letters.refuse(undefined, Number.NaN, origin, error);
      }
    }
    const hasTimes = times.some((timeMs) => !Number.isNaN(timeMs));
    return rowBatch(rows, undefined, hasTimes ? Float64Array.from(times) : undefined);
  }
}
