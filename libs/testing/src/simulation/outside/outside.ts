import type { Random } from '@millrace/kernel';
import type { Fault, RequestName } from '../faults/fault.ts';
import type { VirtualLoop } from '../loop/virtual-loop.ts';
import type { VirtualThread } from '../loop/virtual-thread.ts';

/** Time to a system outside the process, and back, at most. */
const WAY_MS_MAX = 2;

export interface OutsideParts {
  readonly loop: VirtualLoop;
  readonly random: Random;
  readonly faults: readonly Fault[];
  /** A thread that never dies and is never busy. */
  readonly thread: VirtualThread;
  /** Kills the process that this thread belongs to. */
  readonly kill: (thread: VirtualThread, nextThreads: number) => void;
}

/**
 * The way to everything that survives a process: requests take time, and have their effect at one moment between being sent and being
 * answered. A process that dies meanwhile never hears the answer.
 */
export class Outside {
  /** Requests so far, by name. */
  readonly requests = new Map<string, number>();
  readonly #parts: OutsideParts;

  constructor(parts: OutsideParts) {
    this.#parts = parts;
  }

  get loop(): VirtualLoop {
    return this.#parts.loop;
  }

  /** Answers with what `effect` returns or throws, unless a fault comes in between. */
  request<T>(caller: VirtualThread, name: RequestName | `${string} read`, effect: () => T): Promise<T> {
    const { loop, thread } = this.#parts;
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void): void => {
        loop.at(loop.nowMs + this.#wayMs(), caller, `${name} answered`, settle);
      };
      loop.at(caller.nowMs + this.#wayMs(), thread, name, () => {
        const nth = (this.requests.get(name) ?? 0) + 1;
        this.requests.set(name, nth);
        const fault = this.#faultOf(name, nth);
        try {
          const result = fault === undefined || fault.hasEffect ? effect() : undefined;
          if (fault === undefined) answer(() => resolve(result as T));
        } catch (error) {
          answer(() => reject(error));
          return;
        }
        if (fault?.kind === 'request-fails') answer(() => reject(new Error(`simulated: ${name} ${nth} got no answer`)));
        if (fault?.kind === 'kill-at-request') this.#parts.kill(caller, fault.threads);
      });
    });
  }

  #faultOf(name: string, nth: number) {
    for (const fault of this.#parts.faults) {
      if (fault.kind !== 'request-fails' && fault.kind !== 'kill-at-request') continue;
      if (fault.request === name && fault.nth === nth) return fault;
    }
    return undefined;
  }

  #wayMs(): number {
    const { random, faults, loop } = this.#parts;
    let wayMs = random.next() * WAY_MS_MAX;
    for (const fault of faults) {
      const isNow =
        fault.kind === 'slow-outside' && loop.nowMs >= fault.fromMs && loop.nowMs < fault.fromMs + fault.durationMs;
      if (isNow) wayMs += random.next() * fault.delayMs;
    }
    return wayMs;
  }
}
