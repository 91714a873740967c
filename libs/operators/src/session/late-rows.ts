import { deserialize, serialize } from 'node:v8';
import type { Batch, Processor, ProcessorSupplier, SnapshotEntry, SnapshotWriter } from '@millrace/engine';
import { EVERY_INSTANCE, isIdle, type Outbox, type ProcessorContext, type Watermark } from '@millrace/engine';
import { assert } from '@millrace/kernel';
import type { LoopMode } from '../contract/row-stage.ts';
import { OutputRows } from '../keyed/output-rows.ts';
import { CallTerminal } from '../loop/call-terminal.ts';
import { Loops } from '../loop/loops.ts';

export interface SplitLateOptions {
  /** A row is late when its time and this are not after the watermark. */
  readonly graceMs: number;
  readonly mode?: LoopMode | undefined;
}

const IN_TIME = 0;
const LATE = 1;

/** Sends late rows to the second edge and all others to the first, ahead of where rows of one key meet. */
export function splitLate(options: SplitLateOptions): ProcessorSupplier {
  return () => new SplitLate(options);
}

class SplitLate implements Processor {
  readonly readsAtOnce = true;
  readonly #loops: Loops;
  readonly #outputs = [new OutputRows(), new OutputRows()] as const;
  #context!: ProcessorContext;
  #outbox!: Outbox;
  #watermarkMs = Number.NEGATIVE_INFINITY;
  readonly #restored: number[] = [];
  #isRead = false;

  constructor({ graceMs, mode }: SplitLateOptions) {
    const split = (row: unknown, timeMs: number): void => {
      const isLate = timeMs + graceMs <= this.#watermarkMs;
      if (isLate) this.#context.metrics.add('lateRows', 1);
      this.#outputs[isLate ? LATE : IN_TIME].add(row, timeMs);
    };
    this.#loops = new Loops([], new CallTerminal(split), mode);
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#outbox = context.outbox;
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(batch.kind !== 'bytes', 'rows are looked at after they have been decoded');
    if (!this.#isRead) this.#loops.run(batch);
    this.#isRead = true;
    for (const ordinal of [IN_TIME, LATE] as const) {
      const edge = { ...this.#outbox, offer: (item: Batch | Watermark) => this.#outbox.offerTo(ordinal, item) };
      if (!this.#outputs[ordinal].emit(edge)) return false;
    }
    this.#isRead = false;
    return true;
  }

  processWatermark(mark: Watermark): boolean {
    if (!isIdle(mark)) this.#watermarkMs = Math.max(this.#watermarkMs, mark.timeMs);
    return this.#outbox.offer(mark);
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const key = `watermark-${this.#context.globalIndex}`;
    return writer.offer({ partition: EVERY_INSTANCE, key, value: serialize(this.#watermarkMs) });
  }

  restoreSnapshot({ value }: SnapshotEntry): void {
    this.#restored.push(deserialize(value) as number);
    this.#watermarkMs = Math.min(...this.#restored);
  }
}
