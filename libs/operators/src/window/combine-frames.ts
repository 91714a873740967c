import {
  type Batch,
  isIdle,
  type Outbox,
  type Processor,
  type ProcessorContext,
  type ProcessorSupplier,
  type SnapshotEntry,
  type SnapshotWriter,
  type Watermark,
} from '@millrace/engine';
import { assert } from '@millrace/kernel';
import type { SlidingWindow } from '../contract/window.ts';
import type { AccumulatorLayout } from '../state/accumulator-layout.ts';
import { EarlyResults } from './early-results.ts';
import { FrameTime } from './frame-time.ts';
import { FramesWriter } from './frames-writer.ts';
import { type PartialBatch, PartialSchemas } from './partial-batch.ts';
import { type RestoredGroup, RestoredKeys } from './restored-keys.ts';
import { ResultBatches } from './result-batch.ts';
import { restoreKeys, savedPosition } from './saved-frames.ts';
import { WindowCombiner } from './window-combiner.ts';
import { RESULTS_PER_BATCH, WindowEmitter } from './window-emitter.ts';
import { WindowState } from './window-state.ts';

export interface CombineFramesOptions {
  readonly window: SlidingWindow;
  readonly layout: AccumulatorLayout;
  /** Results carry their key. */
  readonly isKeyed: boolean;
}

/**
 * Second stage of a windowed aggregation: combines the partials of all first stages by key and emits a window when the watermark says
 * that it is over. Emitting is spread over slices of about a millisecond. Saved are the frames of open windows, by
 * partition of their keys, and how far results have been emitted, so that no window is lost or doubled by a restart.
 */
export function combineFrames(options: CombineFramesOptions): ProcessorSupplier {
  return () => new CombineFrames(options);
}

class CombineFrames implements Processor {
  readonly readsAtOnce = true;
  readonly #time: FrameTime;
  readonly #state: WindowState;
  readonly #schemas: readonly PartialSchemas[];
  readonly #emitter: WindowEmitter;
  readonly #early: EarlyResults | undefined;
  #context!: ProcessorContext;
  #outbox!: Outbox;
  #watermarkMs = Number.NEGATIVE_INFINITY;
  #writer: FramesWriter | undefined;
  #restored: RestoredKeys | undefined;
  /** Restored keys that have emitted more than the others and join them when those have caught up. */
  #ahead: RestoredGroup[] = [];
  /** Set when the input has ended: the frame that ends the last window. */
  #lastWindow: number | undefined;

  constructor({ window, layout, isKeyed }: CombineFramesOptions) {
    this.#time = new FrameTime(window);
    this.#state = new WindowState(layout, layout.isDeductible && this.#time.framesPerWindow > 1);
    this.#schemas = Array.from({ length: layout.inputCount }, (_, input) => new PartialSchemas(layout, input));
    const results = new ResultBatches(layout, isKeyed, this.#time.isTimeless);
    const combiner = new WindowCombiner(this.#state, this.#time, results, RESULTS_PER_BATCH);
    const emitsEmpty = window.emitsEmpty === true && !isKeyed;
    this.#emitter = new WindowEmitter(this.#state, this.#time, results, combiner, { emitsEmpty });
    this.#early = window.earlyMs === undefined ? undefined : new EarlyResults(window.earlyMs, this.#state, combiner);
    if (this.#early === undefined) Object.assign(this, { woken: undefined });
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#outbox = context.outbox;
    this.#emitter.open(context);
    this.#early?.open(context);
  }

  process(ordinal: number, batch: Batch): boolean {
    assert(batch.kind === 'columns', 'the first stage sends columns');
    const firstOpen = this.#time.lastLate(this.#watermarkMs) + 1;
    const late = this.#state.add(batch as PartialBatch, ordinal, this.#schemas[ordinal]!, firstOpen);
    if (late > 0) this.#context.metrics.add('lateRows', late);
    this.#state.checkSize(this.#context);
    return true;
  }

  processWatermark(watermark: Watermark): boolean {
    if (!isIdle(watermark)) {
      if (!this.#emitUntil(this.#time.lastOver(watermark.timeMs))) return false;
      this.#watermarkMs = watermark.timeMs;
    }
    return this.#outbox.offer(watermark);
  }

  woken?(): boolean {
    return this.#early!.emitDue();
  }

  complete(): boolean {
    if (!this.#catchUp()) return false;
    const newest = this.#state.frames.numbers.at(-1);
    this.#lastWindow ??= newest === undefined ? this.#state.lastClosed : newest + this.#time.framesPerWindow - 1;
    return this.#emitter.emitUntil(this.#lastWindow);
  }

  /** At the end of the input a barrier may come in the middle of a window. What is saved has one position for all keys. */
  snapshotPrepare(): boolean {
    return this.#catchUp() && this.#emitter.finishWindow();
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const { globalIndex } = this.#context;
    const { lastClosed } = this.#state;
    if (!writer.offer(savedPosition(globalIndex, { lastClosed, watermarkMs: this.#watermarkMs }))) return false;
    this.#writer = new FramesWriter(this.#state);
    return true;
  }

  writeSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    if (this.#writer === undefined) return true;
    if (!this.#writer.write(writer)) return false;
    this.#writer = undefined;
    return true;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored ??= new RestoredKeys();
    this.#restored.add(entry);
  }

  restoreFinished(): void {
    if (this.#restored === undefined) return;
    this.#watermarkMs = this.#restored.watermarkMs;
    this.#ahead = this.#restored.groups();
    this.#restored = undefined;
    this.#join(this.#ahead.shift());
  }

  close(): void {
    this.#early?.close();
  }

  #emitUntil(last: number): boolean {
    for (let next = this.#ahead[0]; next !== undefined && next.lastClosed <= last; next = this.#ahead[0]) {
      if (!this.#emitter.emitUntil(next.lastClosed)) return false;
      this.#join(this.#ahead.shift());
    }
    return this.#emitter.emitUntil(last);
  }

  /** All keys at one position. Only after the end of the input were they at several, so no row is late by it. */
  #catchUp(): boolean {
    const last = this.#ahead.at(-1);
    return last === undefined || this.#emitUntil(last.lastClosed);
  }

  #join(group: RestoredGroup | undefined): void {
    if (group === undefined) return;
    this.#state.lastClosed = group.lastClosed;
    for (const saved of group.saved) restoreKeys(this.#state, saved);
    this.#state.restoreTotals();
  }
}
