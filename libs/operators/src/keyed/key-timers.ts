import TinyQueue from 'tinyqueue';
import type { CanonicalKey } from '../partition/canonical-key.ts';
import type { KeyedEntry } from './keyed-states.ts';

interface Timer<State> {
  readonly atMs: number;
  readonly entry: KeyedEntry<State>;
}

/**
 * One timer of event time for each key. Not saved: who restores an entry sets its timer again. Timers due at the same moment
 * come in the order of their keys, so that the output does not depend on what has been restarted.
 */
export class KeyTimers<State> {
  readonly #queue = new TinyQueue<Timer<State>>(
    [],
    (a, b) => a.atMs - b.atMs || compareKeys(a.entry.canonical, b.entry.canonical),
  );

  /** The key is due at `atMs`, or earlier if it has been already. */
  set(entry: KeyedEntry<State>, atMs: number): void {
    if (entry.timerMs !== undefined && entry.timerMs <= atMs) return;
    entry.timerMs = atMs;
    this.#queue.push({ atMs, entry });
  }

  /** Takes out the next key that is due at this watermark. */
  next(watermarkMs: number): { readonly atMs: number; readonly entry: KeyedEntry<State> } | undefined {
    for (;;) {
      const timer = this.#queue.peek();
      if (timer === undefined || timer.atMs > watermarkMs) return undefined;
      this.#queue.pop();
      // One that was replaced by an earlier one, or whose entry has been dealt with.
      if (timer.entry.timerMs !== timer.atMs) continue;
      timer.entry.timerMs = undefined;
      return timer;
    }
  }
}

function compareKeys(a: CanonicalKey, b: CanonicalKey): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [`${typeof a}${String(a)}`, `${typeof b}${String(b)}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
