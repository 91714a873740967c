import type { ChangeBatch } from './change-batch.ts';

/** Of more transactions the later ones are left out, so that measuring stays cheap. */
const TIMES_MAX = 1_024;
const US_PER_MS = 1_000n;

/** Commit times of the source transactions that have ended in the batches added since the last `take`. */
export class CommitTimes {
  #times: number[] = [];

  add({ transactions }: ChangeBatch): void {
    for (const { complete, commitTimeUs } of transactions) {
      if (!complete || this.#times.length >= TIMES_MAX) continue;
      this.#times.push(Number(commitTimeUs / US_PER_MS));
    }
  }

  /** Milliseconds since 1970, in the order they came. */
  take(): readonly number[] {
    const times = this.#times;
    this.#times = [];
    return times;
  }
}
