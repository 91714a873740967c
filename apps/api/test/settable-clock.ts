import { type Clock, systemClock } from '@millrace/kernel';

/** Wall clock that stands still until it is set; pauses are real ones, short. */
export class SettableClock implements Clock {
  #nowMs: number;

  constructor(now: string) {
    this.#nowMs = Date.parse(now);
  }

  set(now: string): void {
    this.#nowMs = Date.parse(now);
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs();
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(Math.min(durationMs, 20), signal);
  }

  timer(durationMs: number, callback: () => void): () => void {
    return systemClock.timer(durationMs, callback);
  }
}
