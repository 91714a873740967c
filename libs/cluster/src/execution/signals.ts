import type { ExecutionSignal } from './execution-state.ts';

/** Signals of one stretch of an execution, in the order they were raised. One reader. */
export class Signals {
  readonly #raised: ExecutionSignal[] = [];
  #waiting: ((signal: ExecutionSignal) => void) | undefined;

  raise(signal: ExecutionSignal): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#raised.push(signal);
    else waiting(signal);
  }

  next(): Promise<ExecutionSignal> {
    const first = this.#raised.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
