import {
  type Batch,
  type ColumnBatch,
  type ColumnValues,
  isIdle,
  type Outbox,
  type Processor,
  type ProcessorContext,
  type ProcessorSupplier,
  rowBatch,
  type Watermark,
} from '@millrace/engine';
import { assert, MillraceError } from '@millrace/kernel';
import type { Key, KeyOf } from '../contract/key.ts';
import type { LoopMode } from '../contract/row-stage.ts';
import type { SlidingWindow } from '../contract/window.ts';
import type { Explained } from '../loop/explained.ts';
import type { LoopBatch } from '../loop/loop-code.ts';
import type { LoopStage } from '../loop/loop-stage.ts';
import { Loops } from '../loop/loops.ts';
import { take } from '../partition/scatter.ts';
import { accumulate } from '../state/accumulate.ts';
import { type AccumulatorLayout, accumulatorAt } from '../state/accumulator-layout.ts';
import { KeySlots } from '../state/key-slots.ts';
import { KeyedTerminal } from '../state/keyed-terminal.ts';
import { NoTimestamp } from './errors.ts';
import { FrameStore } from './frame-store.ts';
import { FrameTime } from './frame-time.ts';
import { HeldRows } from './held-rows.ts';
import { PartialSchemas } from './partial-batch.ts';
import { Reduction } from './reduction.ts';

export interface AccumulateFramesOptions {
  /** Stateless stages ahead of the aggregation, in the same loop. */
  readonly stages: readonly LoopStage[];
  /** Absent: the whole stream is one group. */
  readonly keyOf?: KeyOf | undefined;
  readonly window: SlidingWindow;
  readonly layout: AccumulatorLayout;
  /** Which input of the aggregation this is. */
  readonly input?: number | undefined;
  /** Rows that come too late go to outgoing edge 1. */
  readonly lateEdge?: boolean | undefined;
  readonly mode?: LoopMode | undefined;
}

/** Slots emitted in one batch of partials. */
const PARTIALS_PER_BATCH = 4_096;

/**
 * First stage of a windowed aggregation, beside the source: accumulates rows by key and frame and emits the partial accumulators of
 * a frame when the watermark says that it is over. It has no state to save: before a barrier everything is emitted.
 * Where accumulating does not pay it forwards the rows' values instead.
 */
export function accumulateFrames(options: AccumulateFramesOptions): ProcessorSupplier {
  return () => new AccumulateFrames(options);
}

class AccumulateFrames implements Processor, Explained {
  readonly readsAtOnce = true;
  readonly #layout: AccumulatorLayout;
  readonly #input: number;
  readonly #terminal: KeyedTerminal;
  readonly #loops: Loops;
  readonly #time: FrameTime;
  readonly #schemas: PartialSchemas;
  readonly #reduction: Reduction;
  readonly #hasLateEdge: boolean;
  readonly #slots = new KeySlots();
  #frames: FrameStore;
  #rowSlots = new Int32Array(0);
  #rowFrames = new Float64Array(0);
  #context!: ProcessorContext;
  #outbox!: Outbox;
  #watermarkMs = Number.NEGATIVE_INFINITY;
  /** Rows to be forwarded, and those of the batch before. */
  #held: HeldRows | undefined;
  #heldBefore: HeldRows | undefined;
  /** What the outbox has not taken yet, in order. */
  #pending: { readonly ordinal: number; readonly batch: Batch }[] = [];
  /** How far the input batch, and the flush of a frame, have come. */
  #index = 0;
  #flushing: { readonly frame: number; slot: number } | undefined;

  constructor(options: AccumulateFramesOptions) {
    const { stages, keyOf, window, layout, input = 0, lateEdge = false, mode = 'generated' } = options;
    this.#layout = layout;
    this.#input = input;
    this.#schemas = new PartialSchemas(layout, input);
    this.#hasLateEdge = lateEdge;
    const columns = this.#schemas.combined.map((index) => layout.columns[index]!);
    // Lists do not become smaller by being put together.
    const hasLists = columns.some(({ op }) => op === 'list');
    this.#terminal = new KeyedTerminal({ keyOf, columns, input, keepsRows: lateEdge, takesIndexes: hasLists });
    this.#loops = new Loops(stages, this.#terminal, mode);
    this.#time = new FrameTime(window);
    this.#frames = new FrameStore(layout);
    this.#reduction = new Reduction(hasLists || !layout.isCombinable);
  }

  generatedCode(): readonly string[] {
    return [this.#loops.text()];
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#outbox = context.outbox;
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(batch.kind !== 'bytes', 'a window reads rows: bytes are decoded by a transform first');
    for (;;) {
      if (!this.#emitPending()) return false;
      if (this.#index >= batch.length) break;
      this.#terminal.clear();
      this.#index = this.#loops.run(batch, this.#index);
      this.#take(batch);
    }
    this.#index = 0;
    return true;
  }

  processWatermark(watermark: Watermark): boolean {
    if (!isIdle(watermark)) {
      const last = this.#time.lastOver(watermark.timeMs);
      if (!this.#flush((frame) => frame <= last)) return false;
      this.#watermarkMs = watermark.timeMs;
    } else {
      this.#emitHeld();
      if (!this.#emitPending()) return false;
    }
    return this.#outbox.offer(watermark);
  }

  snapshotPrepare(): boolean {
    return this.#flush(() => true);
  }

  complete(): boolean {
    return this.#flush(() => true);
  }

  /** The rows that the loop has left in the terminal. */
  #take(batch: LoopBatch): void {
    const terminal = this.#terminal;
    let count = terminal.count;
    if (count === 0) return;
    if (this.#rowFrames.length < count) {
      this.#rowFrames = new Float64Array(terminal.capacity);
      this.#rowSlots = new Int32Array(terminal.capacity);
    }
    const frames = this.#rowFrames;
    const { slideMs } = this.#time;
    const lastLate = this.#time.lastLate(this.#watermarkMs);
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    const { times } = terminal;
    if (this.#time.isTimeless) {
      frames.fill(0, 0, count);
      first = 0;
      last = 0;
    }
    // Neighbours mostly have one frame: it is not computed again for each of them.
    let [frame, start, end] = [Number.NaN, Number.NaN, Number.NaN];
    for (let index = this.#time.isTimeless ? count : 0; index < count; index++) {
      const time = times[index]!;
      if (!(time >= start && time < end)) {
        frame = Math.floor(time / slideMs);
        if (Number.isNaN(frame)) throw noTimestamp(this.#context.vertex);
        start = frame * slideMs;
        end = start + slideMs;
        if (frame < first) first = frame;
        if (frame > last) last = frame;
      }
      frames[index] = frame;
    }
    if (first <= lastLate) count = this.#dropLate(count, lastLate);
    if (count === 0) return;
    this.#reduction.took(count);
    if (this.#reduction.isForwarding) this.#forward(count, batch);
    else this.#accumulate(count, first, last);
  }

  #accumulate(count: number, first: number, last: number): void {
    this.#emitHeld();
    const { keys, values } = this.#terminal;
    const slots = this.#rowSlots;
    this.#slots.intern(keys, count, slots);
    let from = 0;
    while (from < count) {
      // Rows of one frame mostly come together.
      const frame = this.#rowFrames[from]!;
      let to = count;
      if (first !== last) {
        to = from + 1;
        while (to < count && this.#rowFrames[to] === frame) to++;
      }
      const columns = this.#frames.open(frame, this.#slots.capacity);
      this.#schemas.combined.forEach((index, position) => {
        accumulate(
          this.#layout,
          this.#layout.columns[index]!,
          columns[index]!,
          slots,
          values[position],
          from,
          to,
          this.#input,
        );
      });
      from = to;
    }
  }

  /** Sends the values of the rows as they are. */
  #forward(count: number, source: LoopBatch): void {
    const { keys, values, indexes } = this.#terminal;
    const isIndexed = indexes !== undefined && source.kind === 'columns';
    if (isIndexed && this.#schemas.raw.length === 1 && HeldRows.canHold(source, keys)) {
      this.#hold(source, indexes, keys as Int32Array, count);
      return;
    }
    this.#emitHeld();
    const own = isIndexed ? this.#schemas.raw.filter((index) => !this.#schemas.isRowList(index)) : this.#schemas.raw;
    const raw = own.map((index): ColumnValues => {
      const column = values[this.#schemas.combined.indexOf(index)]!;
      return column instanceof Float64Array ? column.slice(0, count) : column.slice(0, count);
    });
    const ownKeys = keys instanceof Int32Array ? keys.slice(0, count) : keys.slice(0, count);
    const frames = this.#rowFrames.slice(0, count);
    const batch = isIndexed
      ? this.#schemas.makeSpread(take(source, indexes.subarray(0, count)) as ColumnBatch, ownKeys, frames, raw)
      : this.#schemas.make('raw', count, ownKeys, frames, raw);
    this.#pending.push({ ordinal: 0, batch });
  }

  /** Rows wait for others, or for the next watermark. */
  #hold(source: ColumnBatch, indexes: Int32Array, keys: Int32Array, count: number): void {
    if (this.#held?.schema !== source.schema || !this.#held.hasRoomFor(count)) this.#emitHeld();
    this.#held ??= HeldRows.after(this.#heldBefore, source, count);
    this.#held.add(source, indexes, keys, this.#rowFrames, count);
  }

  #emitHeld(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#pending.push({ ordinal: 0, batch: this.#schemas.makeSpread(held.rows(), held.keys, held.frames, []) });
    this.#heldBefore = held;
    this.#held = undefined;
  }

  /** Takes rows all of whose windows are over out of the arrays; returns how many are left. */
  #dropLate(count: number, lastLate: number): number {
    const { intKeys, anyKeys, times, values, rows, indexes } = this.#terminal;
    const late: unknown[] = [];
    const lateTimes: number[] = [];
    let kept = 0;
    for (let index = 0; index < count; index++) {
      if (this.#rowFrames[index]! <= lastLate) {
        late.push(rows[index]);
        lateTimes.push(times[index]!);
        continue;
      }
      this.#rowFrames[kept] = this.#rowFrames[index]!;
      if (intKeys !== undefined) intKeys[kept] = intKeys[index]!;
      else anyKeys[kept] = anyKeys[index]!;
      if (indexes !== undefined) indexes[kept] = indexes[index]!;
      for (const column of values) if (column !== undefined) column[kept] = column[index] as never;
      kept += 1;
    }
    this.#context.metrics.add('lateRows', late.length);
    if (this.#hasLateEdge) {
      this.#pending.push({ ordinal: 1, batch: rowBatch(late, undefined, Float64Array.from(lateTimes)) });
    }
    return kept;
  }

  /** Emits the partials of the frames that are due, then forgets keys that have become stale. */
  #flush(isDue: (frame: number) => boolean): boolean {
    this.#emitHeld();
    for (;;) {
      if (!this.#emitPending()) return false;
      if (this.#flushing !== undefined) {
        this.#flushSlots(this.#flushing);
        continue;
      }
      const frame = this.#frames.numbers.find(isDue);
      if (frame === undefined) break;
      this.#flushing = { frame, slot: 0 };
      this.#flushed = 0;
    }
    if (this.#frames.isEmpty && this.#slots.size > STALE_SLOTS_MIN) this.#slots.clear();
    return true;
  }

  #flushed = 0;

  #flushSlots(flushing: { readonly frame: number; slot: number }): void {
    const columns = this.#frames.get(flushing.frame)!;
    const rows = columns[0] as Float64Array;
    // A frame that has got no rows since the last new keys is shorter.
    const size = Math.min(this.#slots.size, rows.length);
    const found = new Int32Array(PARTIALS_PER_BATCH);
    let count = 0;
    let { slot } = flushing;
    for (; slot < size && count < PARTIALS_PER_BATCH; slot++) if (rows[slot] !== 0) found[count++] = slot;
    flushing.slot = slot;
    if (count > 0) this.#pending.push({ ordinal: 0, batch: this.#partials(flushing.frame, columns, found, count) });
    this.#flushed += count;
    if (slot < size) return;
    this.#frames.recycle(flushing.frame, size);
    this.#flushing = undefined;
    this.#reduction.flushed(this.#flushed);
  }

  #partials(frame: number, columns: FrameColumns, found: Int32Array, count: number): Batch {
    const { intKeys } = this.#slots;
    let keys: Int32Array | Key[];
    if (intKeys === undefined) {
      keys = Array.from({ length: count }, (_, index) => this.#slots.keyOf(found[index]!));
    } else {
      keys = new Int32Array(count);
      for (let index = 0; index < count; index++) keys[index] = intKeys[found[index]!]!;
    }
    const values = this.#schemas.combined.map((column): ColumnValues => {
      const from = columns[column]!;
      if (!(from instanceof Float64Array))
        return Array.from({ length: count }, (_, index) => accumulatorAt(from, found[index]!));
      const to = new Float64Array(count);
      for (let index = 0; index < count; index++) to[index] = from[found[index]!]!;
      return to;
    });
    return this.#schemas.make('combined', count, keys, new Float64Array(count).fill(frame), values);
  }

  #emitPending(): boolean {
    while (this.#pending.length > 0) {
      const { ordinal, batch } = this.#pending[0]!;
      if (!(this.#hasLateEdge ? this.#outbox.offerTo(ordinal, batch) : this.#outbox.offer(batch))) return false;
      this.#pending.shift();
    }
    return true;
  }
}

type FrameColumns = NonNullable<ReturnType<FrameStore['get']>>;

/** With fewer slots than this, stale keys cost nothing worth mentioning. */
const STALE_SLOTS_MIN = 65_536;

const noTimestamp = (vertex: string): MillraceError =>
  new MillraceError(NoTimestamp, {
    message: `a row without an event time reached the window of ${vertex}`,
    mend: 'Give rows an event time: withTimestamps(row => row.time, lag) or withIngestionTimestamps() right after the source.',
  });
