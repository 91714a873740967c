import type { InstanceMetrics } from '../contract/execution.ts';
import type { ProcessorMetrics } from '../contract/processor.ts';

/** A run this long is far over the slice: it delays every job on the thread, and is counted against its vertex. */
export const SLOW_RUN_MS = 20;
/** A run this long is reported as a problem: longer than a busy machine or a garbage collection explains. */
export const REPORTED_RUN_MS = 100;

/** Figures of one instance; what the engine adds to `custom` is named `engine.*`. */
export class InstanceFigures implements ProcessorMetrics {
  rowsIn = 0;
  busyMs = 0;
  readonly #custom = new Map<string, number>();
  #slowRuns = 0;
  #longestRunMs = 0;

  add(name: string, delta: number): void {
    this.#custom.set(name, (this.#custom.get(name) ?? 0) + delta);
  }

  set(name: string, value: number): void {
    this.#custom.set(name, value);
  }

  ran(durationMs: number): void {
    this.busyMs += durationMs;
    if (durationMs > this.#longestRunMs) this.#longestRunMs = durationMs;
    if (durationMs > SLOW_RUN_MS) this.#slowRuns += 1;
  }

  read(
    instance: { readonly vertex: string; readonly globalIndex: number },
    more: { readonly rowsOut: number; readonly queueRowsPeak: number; readonly threadTurns: number },
  ): InstanceMetrics {
    return {
      vertex: instance.vertex,
      globalIndex: instance.globalIndex,
      rowsIn: this.rowsIn,
      rowsOut: more.rowsOut,
      busyMs: this.busyMs,
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
