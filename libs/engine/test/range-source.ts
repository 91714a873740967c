import {
  type Outbox,
  type Processor,
  type ProcessorContext,
  partitionOwner,
  type RowBatch,
  rowBatch,
  type SnapshotWriter,
  watermark,
} from '@millrace/engine';
import { add, type Board, read, SLOT } from './board.ts';

export interface RangeRow {
  readonly split: number;
  readonly n: number;
  readonly key: number;
}

export interface RangeSpec {
  readonly board: Board;
  /** Numbers of each split. */
  readonly rowsPerSplit: number;
  /** Each commit lets every split emit so many rows more; all at once without. */
  readonly rowsPerCommit?: number | undefined;
  /** Instance 1 is ready for a barrier only when instance 0 has emitted so many batches after its own. */
  readonly lateBarrier?: number | undefined;
  readonly withWatermarks?: boolean | undefined;
}

/** Splits of the range; they are restored on any parallelism. */
export const SPLITS = 6;
export const KEYS = 10;
const ROWS_PER_BATCH = 16;
/** Asks after which the other tasklets of the thread have certainly run. */
const ASKS = 200;

/** Emits 0 to `rowsPerSplit` - 1 of each split that it owns and saves the next number of each. */
export class RangeSource implements Processor {
  readonly #spec: RangeSpec;
  readonly #next = new Map<number, number>();
  readonly #index: number;
  #context!: ProcessorContext;
  #outbox!: Outbox;
  #pending: { readonly batch: RowBatch<RangeRow>; readonly split: number } | undefined;
  #allowance: number;
  #asks = 0;
  #hasSaved = false;
  #watermarkMs = 0;

  constructor(spec: RangeSpec, instance: { readonly globalIndex: number; readonly totalParallelism: number }) {
    this.#spec = spec;
    this.#index = instance.globalIndex;
    this.#allowance = spec.rowsPerCommit ?? spec.rowsPerSplit;
    for (let split = 0; split < SPLITS; split++) {
      if (partitionOwner(split, instance.totalParallelism) === instance.globalIndex) this.#next.set(split, 0);
    }
  }

  init(context: ProcessorContext): void {
    add(this.#spec.board, SLOT.inits);
    this.#context = context;
    this.#outbox = context.outbox;
  }

  complete(): boolean {
    for (;;) {
      if (!this.#flush()) return false;
      const split = this.#nextSplit();
      if (split === undefined) break;
      const from = this.#next.get(split)!;
      const to = Math.min(from + ROWS_PER_BATCH, this.#allowance, this.#spec.rowsPerSplit);
      const rows = Array.from({ length: to - from }, (_, i) => ({ split, n: from + i, key: (from + i) % KEYS }));
      this.#pending = { batch: rowBatch(rows), split };
    }
    if (this.#spec.withWatermarks && this.#watermarkMs < this.#allowance) {
      if (!this.#outbox.offer(watermark(this.#allowance))) return false;
      this.#watermarkMs = this.#allowance;
    }
    const isWaiting = [...this.#next.values()].some((next) => next < this.#spec.rowsPerSplit);
    if (isWaiting && this.#spec.lateBarrier !== undefined) this.#context.wake();
    return !isWaiting;
  }

  snapshotReady(): boolean {
    const { lateBarrier, board } = this.#spec;
    if (lateBarrier === undefined || this.#index !== 1) return true;
    if (read(board, SLOT.afterBarrier) >= lateBarrier) this.#asks += 1;
    this.#context.wake();
    return this.#asks >= ASKS;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    for (const [split, next] of this.#next) {
      writer.offer({ partition: split, key: 'next', value: Buffer.from(String(next)) });
    }
    this.#hasSaved = true;
    // From now on this instance may emit all: its rows reach the counters long before the other's barrier.
    if (this.#spec.lateBarrier !== undefined) this.#allowance = this.#spec.rowsPerSplit;
    return true;
  }

  restoreSnapshot(entry: { readonly partition: number; readonly value: Uint8Array }): void {
    this.#next.set(entry.partition, Number(Buffer.from(entry.value).toString()));
    this.#allowance = this.#spec.rowsPerSplit;
  }

  snapshotCommit(): void {
    add(this.#spec.board, SLOT.commits);
    this.#allowance += this.#spec.rowsPerCommit ?? 0;
    this.#context.wake();
  }

  close(): void {
    add(this.#spec.board, SLOT.closes);
  }

  #flush(): boolean {
    if (this.#pending === undefined) return true;
    const { batch, split } = this.#pending;
    if (!this.#outbox.offer(batch)) {
      this.#context.metrics.add('refusals', 1);
      return false;
    }
    this.#pending = undefined;
    this.#next.set(split, this.#next.get(split)! + batch.length);
    if (this.#hasSaved && this.#index === 0) add(this.#spec.board, SLOT.afterBarrier);
    return true;
  }

  /** The split that is furthest behind, so that all advance together. */
  #nextSplit(): number | undefined {
    let best: number | undefined;
    for (const [split, next] of this.#next) {
      if (next >= Math.min(this.#allowance, this.#spec.rowsPerSplit)) continue;
      if (best === undefined || next < this.#next.get(best)!) best = split;
    }
    return best;
  }
}
