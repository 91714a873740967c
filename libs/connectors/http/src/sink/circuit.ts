import type { Clock, Random } from '@millrace/kernel';

/** Failures without a success in between that open the circuit. */
export const FAILURES_MAX = 5;
export const OPEN_MS_MIN = 1_000;
export const OPEN_MS_MAX = 15_000;

interface CircuitOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Told when it opens and when it closes. */
  readonly changed: (isOpen: boolean) => void;
}

/**
 * Stands between all requests of an instance and a receiver that fails: while it is open nothing is sent; then one request is let through, and what becomes of that closes it or opens it for longer.
 * M. Nygard, Release It!, "Circuit Breaker".
 */
export class Circuit {
  readonly #options: CircuitOptions;
  #failures = 0;
  /** `monotonicMs` from when on one request may try. */
  #closedUntilMs: number | undefined;
  #openMs = OPEN_MS_MIN;
  #isProbing = false;
  #change = Promise.withResolvers<void>();

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  /** Resolves when a request may be sent. @throws the signal's reason */
  async admit(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      if (this.#closedUntilMs === undefined) return;
      const waitMs = this.#closedUntilMs - clock.monotonicMs();
      if (waitMs <= 0 && !this.#isProbing) {
        this.#isProbing = true;
        return;
      }
      const wake = Promise.withResolvers<void>();
      const cancel = clock.timer(Math.max(waitMs, OPEN_MS_MIN), wake.resolve);
      const abort = (): void => wake.resolve();
      signal.addEventListener('abort', abort);
      await Promise.race([wake.promise, this.#change.promise]);
      signal.removeEventListener('abort', abort);
      cancel();
    }
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openMs = OPEN_MS_MIN;
    this.#isProbing = false;
    if (this.#closedUntilMs === undefined) return;
    this.#closedUntilMs = undefined;
    this.#changed(false);
  }

  failed(): void {
    this.#failures += 1;
    const wasProbe = this.#isProbing;
    this.#isProbing = false;
    if (this.#failures < FAILURES_MAX) return;
    const { clock, random } = this.#options;
    if (this.#closedUntilMs !== undefined && !wasProbe) return;
    if (wasProbe) this.#openMs = Math.min(2 * this.#openMs, OPEN_MS_MAX);
    this.#closedUntilMs = clock.monotonicMs() + this.#openMs * (0.5 + random.next() / 2);
    this.#changed(true);
  }

  #changed(isOpen: boolean): void {
    this.#options.changed(isOpen);
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
