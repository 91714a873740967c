import { BATCH_ROWS_MAX, type Batch, type Outbox, type ProcessorContext } from '@millrace/engine';
import { makeColumns } from '../state/accumulate.ts';
import type { Accumulators } from '../state/accumulator-layout.ts';
import type { FrameTime } from './frame-time.ts';
import { type ResultBatches, ReusedArrays } from './result-batch.ts';
import type { WindowCombiner } from './window-combiner.ts';
import type { WindowState } from './window-state.ts';

/** Slots that one call of the combiner, and results that one batch, can have. */
export const RESULTS_PER_BATCH = 4_096;
/** Slots looked at in one go: what a call does is bounded also where few keys have rows. */
const SLOTS_PER_CALL = 16 * RESULTS_PER_BATCH;
/** Slots whose frames are added before it is looked which of them have rows: few enough to stay in the processor's cache. */
const BLOCK = 512;
/** How long one callback may emit before the others of its thread get a turn. */
const EMIT_MS = 1;
/** Above this number of keys, those without rows are forgotten when they are the greater half. */
const STALE_SLOTS_MIN = 65_536;

/** A window being emitted: the frame that ends it, how far it has come, and how many keys had rows. */
interface Emission {
  readonly frame: number;
  /** The frame that leaves with this window; absent where there is none, or no running totals. */
  readonly leaving: readonly Accumulators[] | undefined;
  /** A snapshot still reads what leaves: it is left as it is. */
  readonly keepsLeaving: boolean;
  slot: number;
  live: number;
}

/** Closes frames one after the other and emits the window that ends with each. */
export class WindowEmitter {
  readonly #state: WindowState;
  readonly #time: FrameTime;
  readonly #results: ResultBatches;
  readonly #combiner: WindowCombiner;
  readonly #emitsEmpty: boolean;
  /** Of one batch. */
  readonly #resultsMax: number;
  readonly #found = new Int32Array(RESULTS_PER_BATCH);
  /** There is one batch of results at a time. */
  readonly #reused = new ReusedArrays();
  #outbox!: Outbox;
  #context!: ProcessorContext;
  #emission: Emission | undefined;
  #pending: Batch | undefined;

  constructor(
    state: WindowState,
    time: FrameTime,
    results: ResultBatches,
    combiner: WindowCombiner,
    options: { readonly emitsEmpty: boolean },
  ) {
    this.#state = state;
    this.#time = time;
    this.#results = results;
    this.#combiner = combiner;
    this.#emitsEmpty = options.emitsEmpty;
    this.#resultsMax = state.layout.numberColumn === undefined ? BATCH_ROWS_MAX : RESULTS_PER_BATCH;
  }

  open(context: ProcessorContext): void {
    this.#context = context;
    this.#outbox = context.outbox;
  }

  /**
   * Emits all windows that end with frames up to `last`. `false`: a batch was refused, or the slice is over and the processor has asked
   * to be called again; then with the same `last`.
   */
  emitUntil(last: number): boolean {
    return this.#emit(() => this.#next(last));
  }

  /** Emits the rest of the window under way, so that what has been emitted is told by the last frame closed. */
  finishWindow(): boolean {
    return this.#emit(() => undefined);
  }

  #emit(next: () => Emission | undefined): boolean {
    let deadlineMs = this.#context.clock.monotonicMs() + EMIT_MS;
    for (;;) {
      if (this.#pending !== undefined && !this.#outbox.offer(this.#pending)) return false;
      this.#pending = undefined;
      this.#emission ??= next();
      if (this.#emission === undefined) return true;
      if (this.#context.clock.monotonicMs() >= deadlineMs) {
        this.#context.wake();
        return false;
      }
      this.#emitSome(this.#emission);
      // Objects live until they are used: the garbage collector copies as many of them as are under way.
      if (this.#state.layout.numberColumn === undefined) deadlineMs = Number.NEGATIVE_INFINITY;
    }
  }

  /** Begins the next window up to frame `last`; frames that belong to no window with rows are skipped at once. */
  #next(last: number): Emission | undefined {
    const state = this.#state;
    if (last === Number.NEGATIVE_INFINITY) return undefined;
    const first = state.frames.numbers[0];
    const isFresh = state.lastClosed === Number.NEGATIVE_INFINITY;
    let frame = state.lastClosed + 1;
    if (first === undefined) {
      if (!this.#emitsEmpty || isFresh) frame = last + 1;
    } else if (isFresh || (!this.#emitsEmpty && first > frame)) {
      frame = first;
    }
    if (frame > last) {
      state.lastClosed = Math.max(state.lastClosed, last);
      return undefined;
    }
    state.roomyTotals();
    // From now on a row of this frame goes into the totals as well; none comes before the window has been emitted.
    state.lastClosed = frame;
    return {
      frame,
      leaving: state.totals === undefined ? undefined : state.frames.get(frame - this.#time.framesPerWindow + 1),
      keepsLeaving: state.isFrozen,
      slot: 0,
      live: 0,
    };
  }

  /** The next batch of results; at the end of the window its oldest frame leaves. */
  #emitSome(emission: Emission): void {
    const { slots, totals, frames } = this.#state;
    if (totals !== undefined) {
      this.#emitTotals(emission, totals, slots.size);
      return;
    }
    const only = this.#time.framesPerWindow === 1 ? frames.get(emission.frame) : undefined;
    if (only !== undefined) this.#emitColumns(emission, only, Math.min(slots.size, only[0]!.length));
    else this.#emitCombined(emission, slots.size);
  }

  /**
   * Slot by slot the new frame comes into the totals, the results are read, and the oldest frame leaves: so closing a window is spread
   * over as many slices as emitting it.
   */
  #emitTotals(emission: Emission, totals: readonly Accumulators[], size: number): void {
    const state = this.#state;
    const rows = totals[0] as Float64Array;
    const { frame, leaving, slot: from } = emission;
    const end = Math.min(size, from + SLOTS_PER_CALL);
    let count = 0;
    let to = from;
    while (to < end && count + BLOCK <= this.#resultsMax) {
      const next = Math.min(to + BLOCK, end);
      state.addToTotals(frame, to, next);
      count = this.#find(rows, to, next, count);
      to = next;
    }
    if (count > 0) this.#offer(frame, this.#found, count, totals);
    if (leaving !== undefined) {
      state.takeFromTotals(leaving, from, to);
      if (!emission.keepsLeaving) state.frames.clear(leaving, from, to);
    }
    emission.slot = to;
    emission.live += count;
    if (to === size) this.#leave(emission);
  }

  /** Adds the slots with rows to `found`; the answer is how many are there now. */
  #find(rows: Float64Array, from: number, to: number, before: number): number {
    const found = this.#found;
    let count = before;
    for (let slot = from; slot < to; slot++) if (rows[slot]! > 0) found[count++] = slot;
    return count;
  }

  #emitColumns(emission: Emission, columns: readonly Accumulators[], size: number): void {
    const rows = columns[0] as Float64Array;
    const end = Math.min(size, emission.slot + SLOTS_PER_CALL);
    let count = 0;
    while (emission.slot < end && count + BLOCK <= this.#resultsMax) {
      const to = Math.min(emission.slot + BLOCK, end);
      count = this.#find(rows, emission.slot, to, count);
      emission.slot = to;
    }
    emission.live += count;
    if (count > 0) this.#offer(emission.frame, this.#found, count, columns);
    if (emission.slot === size) this.#leave(emission);
  }

  #emitCombined(emission: Emission, size: number): void {
    const from = emission.slot;
    const to = Math.min(from + RESULTS_PER_BATCH, size);
    const batch = this.#combiner.combine(emission.frame, from, to, false);
    emission.slot = to;
    emission.live += batch?.length ?? 0;
    this.#pending = batch;
    if (to === size) this.#leave(emission);
  }

  #offer(frame: number, found: Int32Array, count: number, columns: readonly Accumulators[]): void {
    const end = this.#time.endMs(frame);
    const arrays = this.#outbox.readsAtOnce === true ? this.#reused : undefined;
    const start = end - this.#time.sizeMs;
    this.#pending = this.#results.make(start, end, this.#state.slots, found, count, columns, false, found, arrays);
  }

  /** The window has been emitted: its oldest frame is needed no more. */
  #leave({ frame, live, keepsLeaving }: Emission): void {
    const state = this.#state;
    if (this.#emitsEmpty && live === 0) {
      // The one group there is has no rows in this window.
      this.#offer(frame, new Int32Array(1), 1, makeColumns(state.layout, 1));
    }
    const oldest = frame - this.#time.framesPerWindow + 1;
    if (keepsLeaving) state.frames.detach(oldest);
    else if (state.totals !== undefined) state.frames.recycleCleared(oldest);
    else state.frames.recycle(oldest, state.slots.size);
    this.#emission = undefined;
    // The keys of a tumbling window have all become stale, but for those that the next one shares with it.
    const { usedCount } = state.slots;
    const isWorthwhile = this.#time.framesPerWindow === 1 || live * 2 < usedCount;
    if (usedCount > STALE_SLOTS_MIN && isWorthwhile && !state.isFrozen) state.forgetStaleKeys();
  }
}
