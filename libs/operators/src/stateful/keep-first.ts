import type {
  Batch,
  Outbox,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  SnapshotEntry,
  SnapshotWriter,
} from '@millrace/engine';
import type { Key } from '../contract/key.ts';
import { KeyTimers } from '../keyed/key-timers.ts';
import { KeyedStates } from '../keyed/keyed-states.ts';
import type { StatesWriter } from '../keyed/saved-states.ts';

export interface KeepFirstOptions<B extends Batch> {
  readonly keyOf: (batch: B, index: number) => Key;
  /** Event time, milliseconds since 1970. */
  readonly timeOf: (batch: B, index: number) => number;
  readonly withinMs: number;
  /** The rows at these indexes, in this order, as a batch of their own; also of none. */
  readonly pick: (batch: B, indexes: readonly number[]) => B;
}

interface Seen {
  untilMs: number;
}

/**
 * Of rows with the same key within a time only the first one: over batches as they are, whatever they hold, in their order. Runs where
 * its input does, so that streams whose order matters as a whole keep it. Time is that of the newest row.
 */
export function keepFirst<B extends Batch>(options: KeepFirstOptions<B>): ProcessorSupplier {
  return () => new KeepFirst(options);
}

class KeepFirst<B extends Batch> implements Processor {
  readonly #options: KeepFirstOptions<B>;
  readonly #states = new KeyedStates<Seen>(() => ({ untilMs: Number.NEGATIVE_INFINITY }));
  readonly #timers = new KeyTimers<Seen>();
  #context!: ProcessorContext;
  #outbox!: Outbox;
  #newestMs = Number.NEGATIVE_INFINITY;
  #output: B | undefined;
  #writer: StatesWriter<Seen> | undefined;

  constructor(options: KeepFirstOptions<B>) {
    this.#options = options;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#outbox = context.outbox;
  }

  process(_ordinal: number, batch: Batch): boolean {
    this.#output ??= this.#filter(batch as B);
    if (!this.#outbox.offer(this.#output)) return false;
    this.#output = undefined;
    this.#forget();
    this.#states.checkSize(this.#context);
    return true;
  }

  #filter(batch: B): B {
    const { keyOf, timeOf, withinMs, pick } = this.#options;
    const kept: number[] = [];
    for (let index = 0; index < batch.length; index++) {
      const timeMs = timeOf(batch, index);
      this.#newestMs = Math.max(this.#newestMs, timeMs);
      const entry = this.#states.open(keyOf(batch, index));
      if (timeMs < entry.state.untilMs) continue;
      this.#states.touch(entry);
      entry.state.untilMs = timeMs + withinMs;
      this.#timers.set(entry, entry.state.untilMs);
      kept.push(index);
    }
    return pick(batch, kept);
  }

  #forget(): void {
    for (let due = this.#timers.next(this.#newestMs); due !== undefined; due = this.#timers.next(this.#newestMs)) {
      const { entry } = due;
      if (entry.state.untilMs > this.#newestMs) this.#timers.set(entry, entry.state.untilMs);
      else this.#states.remove(entry);
    }
  }

  saveSnapshot(): boolean {
    this.#writer = this.#states.freeze();
    return true;
  }

  writeSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    return this.#writer!.write(writer);
  }

  restoreSnapshot(saved: SnapshotEntry): void {
    for (const entry of this.#states.restore(saved) ?? []) this.#timers.set(entry, entry.state.untilMs);
  }
}
