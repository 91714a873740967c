import { assert, type Clock, type Random } from '@millrace/kernel';
import type { VirtualLoop } from './virtual-loop.ts';

/** Wall clock at the start of every simulation, milliseconds since 1970. */
export const START_MS = 1_700_000_000_000;
/** Most that one look at the clock takes: time passes while a thread works, so slices end at changing places. */
const LOOK_MS_MAX = 0.15;
/** A timer is late by up to this much. */
const TIMER_LATE_MS_MAX = 1;

/** A simulated thread: one thing at a time, nothing after its death. It has its own clock, which runs while it works. */
export class VirtualThread {
  readonly name: string;
  readonly clock: Clock;
  isAlive = true;
  /** When it has finished what it does. */
  busyUntilMs = 0;
  readonly #loop: VirtualLoop;
  #spentMs = 0;

  constructor(name: string, loop: VirtualLoop, random: Random) {
    this.name = name;
    this.#loop = loop;
    this.clock = new ThreadClock(this, loop, random);
  }

  /** Its present: the loop's time and what it has spent since the step began. */
  get nowMs(): number {
    return this.#loop.nowMs + this.#spentMs;
  }

  /** Works for so long. */
  spend(durationMs: number): void {
    this.#spentMs += durationMs;
  }

  /** The step is over. */
  rest(): void {
    if (this.#spentMs === 0) return;
    this.busyUntilMs = this.nowMs;
    this.#spentMs = 0;
  }
}

/** The clock of a simulated thread, by which those that are given it can be told apart. */
export class ThreadClock implements Clock {
  readonly thread: VirtualThread;
  readonly #loop: VirtualLoop;
  readonly #random: Random;

  constructor(thread: VirtualThread, loop: VirtualLoop, random: Random) {
    this.thread = thread;
    this.#loop = loop;
    this.#random = random;
  }

  nowMs(): number {
    return START_MS + Math.floor(this.thread.nowMs);
  }

  monotonicMs(): number {
    this.thread.spend(this.#random.next() * LOOK_MS_MAX);
    return this.thread.nowMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const abort = (): void => {
        cancel();
        reject(signal!.reason);
      };
      const cancel = this.timer(durationMs, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  timer(durationMs: number, callback: () => void): () => void {
    const dueMs = this.thread.nowMs + Math.max(0, durationMs) + this.#random.next() * TIMER_LATE_MS_MAX;
    return this.#loop.at(dueMs, this.thread, 'timer', callback);
  }
}

/** The simulated thread that a clock belongs to. */
export function threadOf(clock: Clock): VirtualThread {
  assert(clock instanceof ThreadClock, 'inside a simulation every clock is a thread of it');
  return clock.thread;
}
