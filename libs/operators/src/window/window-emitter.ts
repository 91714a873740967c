import type { Batch, Outbox, ProcessorContext } from '@millrace/engine';
import { makeColumns } from '../state/accumulate.ts';
import type { Accumulators } from '../state/accumulator-layout.ts';
import type { FrameTime } from './frame-time.ts';
import type { ResultBatches } from './result-batch.ts';
import type { WindowCombiner } from './window-combiner.ts';
import type { WindowState } from './window-state.ts';

/** Slots that one call of the combiner, and results that one batch, can have. */
export const RESULTS_PER_BATCH = 4_096;
/** How long one callback may emit before the others of its thread get a turn. */
const EMIT_MS = 1;
/** Above this number of keys, those without rows are forgotten when they are the greater half. */
const STALE_SLOTS_MIN = 65_536;

/** A window being emitted: the frame that ends it, how far it has come, and how many keys had rows. */
interface Emission {
  readonly frame: number;
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
  readonly #found = new Int32Array(RESULTS_PER_BATCH);
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
    const deadlineMs = this.#context.clock.monotonicMs() + EMIT_MS;
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
    if (state.totals !== undefined) state.addToTotals(frame);
    return { frame, slot: 0, live: 0 };
  }

  /** The next batch of results; at the end of the window its oldest frame leaves. */
  #emitSome(emission: Emission): void {
    const { slots, totals, frames } = this.#state;
    const only = this.#time.framesPerWindow === 1 ? frames.get(emission.frame) : undefined;
    const columns = totals ?? only;
    if (columns !== undefined) this.#emitColumns(emission, columns, Math.min(slots.size, columns[0]!.length));
    else this.#emitCombined(emission, slots.size);
  }

  #emitColumns(emission: Emission, columns: readonly Accumulators[], size: number): void {
    const rows = columns[0] as Float64Array;
    const found = this.#found;
    let count = 0;
    let { slot } = emission;
    for (; slot < size && count < RESULTS_PER_BATCH; slot++) if (rows[slot]! > 0) found[count++] = slot;
    emission.slot = slot;
    emission.live += count;
    if (count > 0) this.#offer(emission.frame, found, count, columns);
    if (slot === size) this.#leave(emission);
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
    this.#pending = this.#results.make(end - this.#time.sizeMs, end, this.#state.slots, found, count, columns, false);
  }

  /** The window has been emitted: its oldest frame is needed no more. */
  #leave({ frame, live }: Emission): void {
    const state = this.#state;
    if (this.#emitsEmpty && live === 0) {
      // The one group there is has no rows in this window.
      this.#offer(frame, new Int32Array(1), 1, makeColumns(state.layout, 1));
    }
    const oldest = frame - this.#time.framesPerWindow + 1;
    const leaving = state.frames.get(oldest);
    if (leaving !== undefined) {
      state.takeFromTotals(leaving);
      // What a snapshot still reads is left to it.
      if (state.isFrozen) state.frames.detach(oldest);
      else state.frames.recycle(oldest, state.slots.size);
    }
    state.lastClosed = frame;
    this.#emission = undefined;
    // The keys of a tumbling window have all become stale, but for those that the next one shares with it.
    const { usedCount } = state.slots;
    const isWorthwhile = this.#time.framesPerWindow === 1 || live * 2 < usedCount;
    if (usedCount > STALE_SLOTS_MIN && isWorthwhile && !state.isFrozen) state.forgetStaleKeys();
  }
}
