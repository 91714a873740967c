import type { Clock } from '@millrace/kernel';

/** Work the scheduler runs in slices. */
export interface Task {
  /** Owned by the scheduler: already in its ready list. */
  isScheduled: boolean;
  /** Works until it has nothing to do, waits, has done its share or meets the deadline; `true`: there is more to do right away. */
  run(deadlineMs: number): boolean;
  /** How long a run took. */
  ran(durationMs: number): void;
}

/** How long ready tasks run before libuv gets a turn. */
export const SLICE_MS = 1;

/**
 * One per worker thread, shared by all executions: runs ready tasks in turn for about a millisecond, then yields to libuv
 * (sockets, ports, timers) and goes on. With nothing ready no turn is planned: the thread sleeps in libuv until an event makes
 * a task ready, so an idle engine uses no CPU.
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #defer: (turn: () => void) => void;
  #ready: Task[] = [];
  #isPlanned = false;
  /** Turns taken so far. */
  turns = 0;

  constructor(clock: Clock, defer: (turn: () => void) => void = setImmediate) {
    this.#clock = clock;
    this.#defer = defer;
  }

  /** Makes a task ready; harmless when it already is. */
  schedule(task: Task): void {
    if (task.isScheduled) return;
    task.isScheduled = true;
    this.#ready.push(task);
    this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#defer(this.#turn);
  }

  readonly #turn = (): void => {
    this.turns += 1;
    let nowMs = this.#clock.monotonicMs();
    const deadlineMs = nowMs + SLICE_MS;
    let index = 0;
    // The list grows while it is walked: tasks made ready now still get their share of this turn.
    while (index < this.#ready.length && nowMs < deadlineMs) {
      const task = this.#ready[index++]!;
      task.isScheduled = false;
      const isMore = task.run(deadlineMs);
      const endedMs = this.#clock.monotonicMs();
      task.ran(endedMs - nowMs);
      nowMs = endedMs;
      if (isMore) this.schedule(task);
    }
    this.#ready = this.#ready.slice(index);
    this.#isPlanned = false;
    if (this.#ready.length > 0) this.#plan();
  };
}
