import { deserialize, serialize } from 'node:v8';
import {
  type Batch,
  EVERY_INSTANCE,
  isIdle,
  type Outbox,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
  type Watermark,
} from '@millrace/engine';
import { assert } from '@millrace/kernel';
import type { LoopMode } from '../contract/row-stage.ts';
import { CallTerminal } from '../loop/call-terminal.ts';
import { Loops } from '../loop/loops.ts';
import { OutputRows } from './output-rows.ts';

/** How long one callback may go on before the others of its thread get a turn. */
const SLICE_MS = 1;
const WATERMARK_KEY = 'watermark-';

/**
 * What processors that look at one row after the other have in common: rows of batches of any form, output with back pressure,
 * work at watermarks and at the end in slices, the saved watermark. What one input batch makes is collected before it is offered.
 */
export abstract class RowProcessor implements Processor {
  readonly readsAtOnce = true;
  protected readonly output = new OutputRows();
  protected context!: ProcessorContext;
  protected outbox!: Outbox;
  /** The latest one, all that was due at it done; the least of all instances after a restore. */
  protected watermarkMs = Number.NEGATIVE_INFINITY;
  readonly #loops: readonly Loops[];
  readonly #restoredWatermarks: number[] = [];
  #isRead = false;

  constructor(inputCount: number, mode: LoopMode = 'generated') {
    this.#loops = Array.from(
      { length: inputCount },
      (_, ordinal) => new Loops([], new CallTerminal((row, timeMs) => this.receive(ordinal, row, timeMs)), mode),
    );
  }

  /** One row; what it makes goes to `output`. */
  protected abstract receive(ordinal: number, row: unknown, timeMs: number): void;

  /** A little of what is due at this watermark; `true` when nothing was. */
  protected advance(_watermarkMs: number): boolean {
    return true;
  }

  /** A little of what is to be emitted when all input has ended; `true` when nothing was left. */
  protected drain(): boolean {
    return true;
  }

  protected checkSize(): void {}

  init(context: ProcessorContext): void | Promise<void> {
    this.context = context;
    this.outbox = context.outbox;
  }

  process(ordinal: number, batch: Batch): boolean {
    assert(batch.kind !== 'bytes', 'rows are looked at after they have been decoded');
    if (!this.#isRead) {
      this.#loops[ordinal]!.run(batch);
      this.#isRead = true;
    }
    if (!this.output.emit(this.outbox)) return false;
    this.#isRead = false;
    this.checkSize();
    return true;
  }

  processWatermark(mark: Watermark): boolean {
    if (!isIdle(mark)) {
      if (!this.#inSlices(() => this.advance(mark.timeMs))) return false;
      this.watermarkMs = Math.max(this.watermarkMs, mark.timeMs);
    }
    return this.outbox.offer(mark);
  }

  complete(): boolean {
    return this.#inSlices(() => this.drain());
  }

  /** At the end of the input a barrier may come between two slices. */
  snapshotPrepare(): boolean {
    return this.output.emit(this.outbox);
  }

  /** Offers what a slice has made and goes on until nothing is left, the time is up or something is refused. */
  #inSlices(slice: () => boolean): boolean {
    const deadlineMs = this.context.clock.monotonicMs() + SLICE_MS;
    for (;;) {
      if (!this.output.emit(this.outbox)) return false;
      if (slice()) return this.output.emit(this.outbox);
      if (this.context.clock.monotonicMs() >= deadlineMs) {
        this.context.wake();
        return false;
      }
    }
  }

  protected saveWatermark(writer: SnapshotWriter): boolean {
    const key = `${WATERMARK_KEY}${this.context.globalIndex}`;
    return writer.offer({ partition: EVERY_INSTANCE, key, value: serialize(this.watermarkMs) });
  }

  /** `false`: the entry is another one. */
  protected restoreWatermark({ key, value }: SnapshotEntry): boolean {
    if (!key.startsWith(WATERMARK_KEY)) return false;
    // The least: every instance of this execution has come at least so far.
    this.#restoredWatermarks.push(deserialize(value) as number);
    this.watermarkMs = Math.min(...this.#restoredWatermarks);
    return true;
  }
}
