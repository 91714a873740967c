import type { Clock } from '@millrace/kernel';

/** A value that is read again when it is asked for and older than allowed. */
export class Cached<Value> {
  readonly #read: () => Promise<Value>;
  readonly #ageMsMax: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #value: Promise<Value> | undefined;
  #readAtMs = 0;

  constructor(read: () => Promise<Value>, ageMsMax: number, clock: Pick<Clock, 'monotonicMs'>) {
    this.#read = read;
    this.#ageMsMax = ageMsMax;
    this.#clock = clock;
  }

  /** @throws what reading throws; the next call tries again */
  get(): Promise<Value> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#value !== undefined && nowMs - this.#readAtMs < this.#ageMsMax) return this.#value;
    this.#readAtMs = nowMs;
    const value = this.#read();
    this.#value = value;
    value.catch(() => {
      if (this.#value === value) this.#value = undefined;
    });
    return value;
  }
}
