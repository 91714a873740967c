import type { EdgeRows, InstanceMetrics, QueueState } from '../contract/execution.ts';
import type { ProcessorMetrics } from '../contract/processor.ts';
import { countRows, type RowCounts } from '../contract/row-counts.ts';
import { DURATION_BOUNDS_MS, durationClass } from './duration-bounds.ts';

/** A run this long is far over the slice: it delays every job on the thread, and is counted against its vertex. */
export const SLOW_RUN_MS = 20;
/** A run this long is reported as a problem: longer than a busy machine or a garbage collection explains. */
export const REPORTED_RUN_MS = 100;

/** Figures of one instance; what the engine adds to `custom` is named `engine.*`. */
export class InstanceFigures implements ProcessorMetrics {
  rowsIn = 0;
  busyMs = 0;
  /** Until now, without a wait under way. */
  blockedMs = 0;
  /** Since when an edge has had no room. */
  blockedSinceMs: number | undefined;
  readonly #custom = new Map<string, number>();
  readonly #durations = new Map<string, number[]>();
  #slowRuns = 0;
  #longestRunMs = 0;

  add(name: string, delta: number): void {
    this.#custom.set(name, (this.#custom.get(name) ?? 0) + delta);
  }

  set(name: string, value: number): void {
    this.#custom.set(name, value);
  }

  observe(name: string, durationMs: number): void {
    let counts = this.#durations.get(name);
    if (counts === undefined) {
      counts = new Array<number>(DURATION_BOUNDS_MS.length + 1).fill(0);
      this.#durations.set(name, counts);
    }
    counts[durationClass(durationMs)]! += 1;
  }

  counts(rowsOut: number): RowCounts {
    return countRows(this.rowsIn, rowsOut, this.#custom);
  }

  blocked(nowMs: number): void {
    this.blockedSinceMs ??= nowMs;
  }

  unblocked(nowMs: number): void {
    if (this.blockedSinceMs === undefined) return;
    this.blockedMs += nowMs - this.blockedSinceMs;
    this.blockedSinceMs = undefined;
  }

  ran(durationMs: number): void {
    this.busyMs += durationMs;
    if (durationMs > this.#longestRunMs) this.#longestRunMs = durationMs;
    if (durationMs > SLOW_RUN_MS) this.#slowRuns += 1;
  }

  read(
    instance: { readonly vertex: string; readonly globalIndex: number },
    more: {
      readonly nowMs: number;
      readonly rowsOut: number;
      readonly watermarkMs: number;
      readonly out: readonly EdgeRows[];
      readonly queues: readonly QueueState[];
      readonly queueRowsPeak: number;
      readonly threadTurns: number;
    },
  ): InstanceMetrics {
    return {
      vertex: instance.vertex,
      globalIndex: instance.globalIndex,
      rowsIn: this.rowsIn,
      rowsOut: more.rowsOut,
      busyMs: this.busyMs,
      blockedMs: this.blockedMs + (this.blockedSinceMs === undefined ? 0 : more.nowMs - this.blockedSinceMs),
      ...(Number.isFinite(more.watermarkMs) && { watermarkMs: more.watermarkMs }),
      out: more.out,
      queues: more.queues,
      durations: Object.fromEntries(this.#durations),
      custom: {
        ...Object.fromEntries(this.#custom),
        'engine.slowRuns': this.#slowRuns,
        'engine.longestRunMs': this.#longestRunMs,
        'engine.queueRowsPeak': more.queueRowsPeak,
        'engine.threadTurns': more.threadTurns,
      },
    };
  }
}
