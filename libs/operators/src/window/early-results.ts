import type { Batch, Outbox, ProcessorContext } from '@millrace/engine';
import type { WindowCombiner } from './window-combiner.ts';
import type { WindowState } from './window-state.ts';

/** Slots looked at for one batch. */
const SLOTS_PER_BATCH = 4_096;

/** Emits unfinished results of the open windows from time to time, by the wall clock. */
export class EarlyResults {
  readonly #periodMs: number;
  readonly #state: WindowState;
  readonly #combiner: WindowCombiner;
  #outbox!: Outbox;
  #cancel: () => void = () => {};
  #isDue = false;
  #at: { frame: number; slot: number } | undefined;
  #pending: Batch | undefined;

  constructor(periodMs: number, state: WindowState, combiner: WindowCombiner) {
    this.#periodMs = periodMs;
    this.#state = state;
    this.#combiner = combiner;
  }

  open(context: ProcessorContext): void {
    this.#outbox = context.outbox;
    const plan = (): void => {
      this.#cancel = context.clock.timer(this.#periodMs, () => {
        this.#isDue = true;
        context.wake();
        plan();
      });
    };
    plan();
  }

  close(): void {
    this.#cancel();
  }

  /** Emits when the time has come. `false`: refused, to be called again. */
  emitDue(): boolean {
    if (!this.#isDue) return true;
    for (;;) {
      if (this.#pending !== undefined && !this.#outbox.offer(this.#pending)) return false;
      this.#pending = this.#next();
      if (this.#pending !== undefined) continue;
      this.#isDue = false;
      return true;
    }
  }

  #next(): Batch | undefined {
    const { frames, slots, lastClosed } = this.#state;
    const numbers = frames.numbers;
    const newest = numbers.at(-1);
    if (newest === undefined) return undefined;
    this.#at ??= { frame: Math.max(lastClosed + 1, numbers[0]!), slot: 0 };
    while (this.#at.frame <= newest) {
      const { frame, slot }: { readonly frame: number; readonly slot: number } = this.#at;
      const to = Math.min(slot + SLOTS_PER_BATCH, slots.size);
      this.#at = to < slots.size ? { frame, slot: to } : { frame: frame + 1, slot: 0 };
      const batch = this.#combiner.combine(frame, slot, to, true);
      if (batch !== undefined) return batch;
    }
    this.#at = undefined;
    return undefined;
  }
}
