import {
  type Batch,
  type Partitioner,
  type Processor,
  type ProcessorContext,
  type RowBatch,
  rowBatch,
  type SnapshotWriter,
} from '@millrace/engine';
import { add, type Board, SLOT } from './board.ts';
import type { RangeRow } from './range-source.ts';

export interface KeyTotal {
  readonly key: number;
  readonly count: number;
  readonly sum: number;
}

export const byKey: Partitioner<RowBatch<RangeRow>> = {
  partitionOf: (batch, index) => batch.rows[index]!.key,
  take: (batch, indexes) => rowBatch(indexes.map((index) => batch.rows[index]!)),
};

/** Counts and adds up by key; emits the totals at the end. */
export class KeyCounter implements Processor {
  readonly #board: Board;
  readonly #totals = new Map<number, KeyTotal>();
  #context!: ProcessorContext;
  #output: RowBatch<KeyTotal> | undefined;

  constructor(board: Board) {
    this.#board = board;
  }

  init(context: ProcessorContext): void {
    add(this.#board, SLOT.inits);
    this.#context = context;
  }

  process(_ordinal: number, batch: Batch): boolean {
    for (const { key, n } of (batch as RowBatch<RangeRow>).rows) {
      const { count, sum } = this.#totals.get(key) ?? { count: 0, sum: 0 };
      this.#totals.set(key, { key, count: count + 1, sum: sum + n });
    }
    return true;
  }

  processWatermark(): boolean {
    add(this.#board, SLOT.watermarks);
    return true;
  }

  complete(): boolean {
    this.#output ??= rowBatch([...this.#totals.values()]);
    return this.#output.length === 0 || this.#context.outbox.offer(this.#output);
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    for (const total of this.#totals.values()) {
      writer.offer({ partition: total.key, key: String(total.key), value: Buffer.from(JSON.stringify(total)) });
    }
    return true;
  }

  restoreSnapshot({ value }: { readonly value: Uint8Array }): void {
    const total = JSON.parse(Buffer.from(value).toString()) as KeyTotal;
    this.#totals.set(total.key, total);
  }

  close(): void {
    add(this.#board, SLOT.closes);
  }
}
