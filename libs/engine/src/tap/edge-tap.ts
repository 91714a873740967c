import type { Clock } from '@millrace/kernel';
import type { Batch } from '../contract/batch.ts';
import type { Sampler, TapRequest, TapSample } from '../contract/sample.ts';

/** Samples go out this often at most. */
const SLICE_MS = 200;
const MS_PER_S = 1_000;

/**
 * Looks at the batches of some edges on one thread for one viewer, a bounded number of rows in each slice of time. Costs nothing per row: a batch
 * beyond the bound is counted and left alone.
 */
export class EdgeTap {
  readonly #request: TapRequest;
  readonly #sampler: Sampler;
  readonly #clock: Clock;
  readonly #emit: (sample: TapSample) => void;
  readonly #rowsPerSlice: number;
  #rows: TapSample['rows'][number][] = [];
  #passedOver = 0;
  #cancelTimer: (() => void) | undefined;
  #hasFailed = false;

  constructor(request: TapRequest, sampler: Sampler, clock: Clock, emit: (sample: TapSample) => void) {
    this.#request = request;
    this.#sampler = sampler;
    this.#clock = clock;
    this.#emit = emit;
    this.#rowsPerSlice = Math.max(1, Math.round((request.rowsPerSecond * SLICE_MS) / MS_PER_S));
  }

  get edges(): readonly number[] {
    return this.#request.edges;
  }

  see(edge: number, batch: Batch): void {
    if (this.#hasFailed || batch.length === 0) return;
    const room = this.#rowsPerSlice - this.#rows.length;
    let shown = 0;
    if (room > 0) {
      try {
        const { rows } = this.#sampler(batch, room);
        for (const row of rows) this.#rows.push({ edge, row });
        shown = rows.length;
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
    this.#passedOver += batch.length - shown;
    this.#cancelTimer ??= this.#clock.timer(SLICE_MS, () => this.#flush());
  }

  close(): void {
    this.#cancelTimer?.();
    this.#hasFailed = true;
  }

  #flush(): void {
    this.#cancelTimer = undefined;
    const rows = this.#rows;
    const passedOver = this.#passedOver;
    this.#rows = [];
    this.#passedOver = 0;
    this.#emit({ tap: this.#request.id, rows, passedOver });
  }

  /** A filter that does not fit the rows ends the tap, never the job. */
  #fail(error: unknown): void {
    this.close();
    const message = error instanceof Error ? error.message : String(error);
    this.#emit({ tap: this.#request.id, rows: [], passedOver: 0, error: message });
  }
}
