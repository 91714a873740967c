import { threadId } from 'node:worker_threads';
import type { Batch, Processor, ProcessorContext, RowBatch } from '@millrace/engine';
import { add, type Board, SLOT } from './board.ts';
import type { KeyTotal } from './key-counter.ts';

/** Writes totals to the board. */
export class TotalSink implements Processor {
  readonly #board: Board;

  constructor(board: Board) {
    this.#board = board;
  }

  init(): void {
    add(this.#board, SLOT.inits);
  }

  process(_ordinal: number, batch: Batch): boolean {
    for (const { key, count, sum } of (batch as RowBatch<KeyTotal>).rows) {
      add(this.#board, SLOT.counts + key, count);
      add(this.#board, SLOT.sums + key, sum);
    }
    return true;
  }

  close(): void {
    add(this.#board, SLOT.closes);
  }
}

/** Counts rows by edge; can hold everything up until the first commit. */
export class CountingSink implements Processor {
  readonly isCooperative: boolean;
  readonly #board: Board;
  #context!: ProcessorContext;
  #isHeld: boolean;
  #ordinal = 0;

  constructor(board: Board, options: { readonly isHeld?: boolean; readonly isCooperative?: boolean } = {}) {
    this.#board = board;
    this.#isHeld = options.isHeld ?? false;
    this.isCooperative = options.isCooperative ?? true;
  }

  init(context: ProcessorContext): void {
    add(this.#board, SLOT.inits);
    this.#context = context;
    context.metrics.set('threadId', threadId);
  }

  process(ordinal: number, batch: Batch): boolean {
    if (this.#isHeld) return false;
    if (ordinal < this.#ordinal) add(this.#board, SLOT.outOfOrder);
    this.#ordinal = ordinal;
    add(this.#board, SLOT.sinkRows, batch.length);
    return true;
  }

  snapshotCommit(): void {
    this.#isHeld = false;
    this.#context.wake();
  }

  close(): void {
    add(this.#board, SLOT.closes);
  }
}
