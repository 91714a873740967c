import type { Clock } from '@millrace/kernel';

/** What a poll found: a state, or why there is none. */
export type Polled<State> = { readonly state: State } | { readonly error: unknown };

/**
 * Reads something once in a while for everybody who looks, and not at all while nobody does. One read is under way at most; whoever comes late gets
 * what was read last.
 */
export class SharedPoll<State> {
  readonly #read: () => Promise<State>;
  readonly #intervalMs: number;
  readonly #clock: Pick<Clock, 'timer'>;
  readonly #listeners = new Set<(polled: Polled<State>) => void>();
  #last: Polled<State> | undefined;
  #cancelTimer: (() => void) | undefined;
  #isReading = false;

  constructor(read: () => Promise<State>, intervalMs: number, clock: Pick<Clock, 'timer'>) {
    this.#read = read;
    this.#intervalMs = intervalMs;
    this.#clock = clock;
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** Calls back with every state from now on, the newest known at once. The returned function ends it. */
  subscribe(listener: (polled: Polled<State>) => void): () => void {
    this.#listeners.add(listener);
    if (this.#last !== undefined) listener(this.#last);
    else void this.#poll();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      this.#last = undefined;
    };
  }

  /** The newest state: what was read for those who look, or read now. @throws what reading throws */
  async now(): Promise<State> {
    if (this.#last !== undefined && 'state' in this.#last) return this.#last.state;
    return this.#read();
  }

  async #poll(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    let polled: Polled<State>;
    try {
      polled = { state: await this.#read() };
    } catch (error) {
      polled = { error };
    }
    this.#isReading = false;
    if (this.#listeners.size === 0) return;
    this.#last = polled;
    for (const listener of this.#listeners) listener(polled);
    this.#cancelTimer = this.#clock.timer(this.#intervalMs, () => {
      this.#cancelTimer = undefined;
      void this.#poll();
    });
  }
}
