import { createHash } from 'node:crypto';
import type { VirtualThread } from './virtual-thread.ts';

/** Something that will happen on a thread. */
export interface Happening {
  /** Later than planned when the thread is busy. */
  timeMs: number;
  /** Order of planning: decides between two at the same time. */
  readonly number: number;
  readonly thread: VirtualThread;
  /** What it is, for the trace. */
  readonly label: string;
  /** Removed by cancelling. */
  run: (() => void) | undefined;
}

const isBefore = (a: Happening, b: Happening): boolean =>
  a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.number < b.number);

/**
 * One event loop for all simulated threads, in virtual time: takes what happens next, lets it happen with all its microtasks, goes on. What
 * belongs to a thread that is dead never happens; what belongs to a busy one waits, in order.
 */
export class VirtualLoop {
  nowMs = 0;
  steps = 0;
  readonly #heap: Happening[] = [];
  readonly #trace = createHash('sha256');
  #planned = 0;

  /** Plans it; the result cancels it. */
  at(timeMs: number, thread: VirtualThread, label: string, run: () => void): () => void {
    const happening: Happening = { timeMs: Math.max(timeMs, this.nowMs), number: this.#planned++, thread, label, run };
    this.#push(happening);
    return () => {
      happening.run = undefined;
    };
  }

  /** One step; `false` when nothing is left to happen. */
  async step(): Promise<boolean> {
    for (;;) {
      const next = this.#pop();
      if (next === undefined) return false;
      const { thread, timeMs, run } = next;
      if (run === undefined || !thread.isAlive) continue;
      if (thread.busyUntilMs > timeMs) {
        // It keeps its number: what was posted first arrives first, also after waiting.
        next.timeMs = thread.busyUntilMs;
        this.#push(next);
        continue;
      }
      this.nowMs = timeMs;
      this.steps += 1;
      this.note(`${timeMs} ${thread.name} ${next.label}`);
      run();
      await everyMicrotask();
      thread.rest();
      return true;
    }
  }

  /** Makes a line part of the trace: two runs with the same digest were the same. */
  note(line: string): void {
    this.#trace.update(line).update('\n');
  }

  /** SHA-256 of the trace so far, hexadecimal. */
  digest(): string {
    return this.#trace.copy().digest('hex');
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(happening);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(happening, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = happening;
  }

  #pop(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/** Promises are settled by microtasks, which are over when a turn of the real loop has begun. */
const everyMicrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
