import { setTimeout as delay } from 'node:timers/promises';

/** Time, injected so that tests and the simulation own it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number;
  /** Never goes back; milliseconds since an arbitrary start, with fractions. */
  monotonicMs(): number;
  /**
   * Resolves after `durationMs`.
   * @throws the signal's reason when it is aborted first.
   */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `durationMs`; the returned function cancels it. */
  timer(durationMs: number, callback: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(durationMs, signal) {
    try {
      await delay(durationMs, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
  timer(durationMs, callback) {
    const handle = setTimeout(callback, durationMs);
    return () => clearTimeout(handle);
  },
};
