import type { Lsn } from '@millrace/formats';

/** How far the source is behind its database. */
export interface Lag {
  /** WAL the server has written and the source has not passed. */
  readonly lagBytes: number;
  /** Age of the newest change when it was handed on; 0 after a while without any, when the source has passed the server's end of WAL. */
  readonly lagMs: number;
}

/** How long the age of the last change is worth telling. */
const FRESH_MS = 1_000;

/**
 * Measures lag in bytes and in time. Time is told by the server's clock: its messages say when they were sent, and the smallest
 * difference to our clock at arrival is taken as the offset between the two (a late arrival only makes a difference larger).
 */
export class LagMeter {
  #serverLsn = 0n as Lsn;
  #clockOffsetMs = Number.POSITIVE_INFINITY;
  #lagMs = 0;
  #emittedMs = 0;

  /** A message of the server: its end of WAL, when it sent it (microseconds since 1970), and when it arrived. */
  heard(walEnd: Lsn, sentUs: bigint, arrivedMs: number): void {
    this.serverAt(walEnd);
    const offsetMs = arrivedMs - Number(sentUs / 1_000n);
    if (offsetMs < this.#clockOffsetMs) this.#clockOffsetMs = offsetMs;
  }

  /** The server's end of WAL, asked for (while a backlog is sent, its messages do not tell). */
  serverAt(position: Lsn): void {
    if (position > this.#serverLsn) this.#serverLsn = position;
  }

  /** Changes were handed on; the newest was committed at `commitTimeUs`. Rows of the initial load have no commit (0) and tell no age. */
  emitted(commitTimeUs: bigint, nowMs: number): void {
    if (commitTimeUs === 0n) return;
    const offsetMs = Number.isFinite(this.#clockOffsetMs) ? this.#clockOffsetMs : 0;
    this.#lagMs = Math.max(0, nowMs - offsetMs - Number(commitTimeUs / 1_000n));
    this.#emittedMs = nowMs;
  }

  /** The lag of a source that has passed `position`. */
  lag(position: Lsn, nowMs: number): Lag {
    const lagBytes = Math.max(0, Number(this.#serverLsn - position));
    if (lagBytes === 0 && nowMs - this.#emittedMs > FRESH_MS) this.#lagMs = 0;
    return { lagBytes, lagMs: this.#lagMs };
  }
}
