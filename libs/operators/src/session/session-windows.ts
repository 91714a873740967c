import type { ProcessorContext, ProcessorSupplier, SnapshotEntry, SnapshotWriter } from '@millrace/engine';
import { assert, MillraceError } from '@millrace/kernel';
import type { AggregateOperation } from '../contract/aggregate-operation.ts';
import type { Key, KeyOf } from '../contract/key.ts';
import type { LoopMode } from '../contract/row-stage.ts';
import type { SessionWindow } from '../contract/window.ts';
import { KeyTimers } from '../keyed/key-timers.ts';
import { type KeyedEntry, KeyedStates } from '../keyed/keyed-states.ts';
import { RowProcessor } from '../keyed/row-processor.ts';
import type { StatesWriter } from '../keyed/saved-states.ts';
import { NoTimestamp } from '../window/errors.ts';
import { type Session, type SessionParts, sessionAt } from './session-list.ts';

export interface SessionWindowsOptions {
  readonly window: SessionWindow;
  // biome-ignore lint/suspicious/noExplicitAny: the operation's types are the stage's
  readonly operation: AggregateOperation<any, any, any>;
  /** By input. Absent: sessions of the whole stream, results without a key. */
  readonly keyOfs?: readonly KeyOf[] | undefined;
  readonly inputCount: number;
  readonly mode?: LoopMode | undefined;
}

/** Unfinished results made in one slice. */
const EARLY_PER_SLICE = 1_024;
const NO_KEY = 0;

/**
 * Session windows by key, over one or several inputs. A session is emitted when the watermark reaches its end; a row that comes out
 * of order extends a session, or merges two (Akidau et al., "The Dataflow Model", VLDB 2015, §2.2.2). Late is a row whose own
 * session `[time, time + gap)` is over.
 */
export function sessionWindows(options: SessionWindowsOptions): ProcessorSupplier {
  return () => new SessionWindows(options);
}

class SessionWindows extends RowProcessor {
  readonly #options: SessionWindowsOptions;
  readonly #parts: SessionParts;
  readonly #states = new KeyedStates<Session[]>(() => []);
  readonly #timers = new KeyTimers<Session[]>();
  #writer: StatesWriter<Session[]> | undefined;
  #cancelEarly: () => void = () => {};
  #isEarlyDue = false;
  #early: Iterator<KeyedEntry<Session[]>> | undefined;

  constructor(options: SessionWindowsOptions) {
    super(options.inputCount, options.mode);
    this.#options = options;
    const { create, combine } = options.operation;
    assert(combine !== undefined, 'sessions need an operation that can combine');
    this.#parts = { create, combine };
    if (options.window.earlyMs === undefined) Object.assign(this, { woken: undefined });
  }

  override init(context: ProcessorContext): void {
    void super.init(context);
    const { earlyMs } = this.#options.window;
    if (earlyMs !== undefined) this.#planEarly(earlyMs);
  }

  protected override receive(ordinal: number, row: unknown, timeMs: number): void {
    if (Number.isNaN(timeMs)) {
      throw new MillraceError(NoTimestamp, {
        message: `a row without an event time reached the sessions of ${this.context.vertex}`,
        mend: 'Give the source timestamps: withTimestamps(row => row.time, lagMs).',
      });
    }
    const { keyOfs, operation, window } = this.#options;
    if (timeMs + window.gapMs <= this.watermarkMs) {
      this.context.metrics.add('lateRows', 1);
      return;
    }
    const entry = this.#states.open(keyOfs === undefined ? NO_KEY : keyOfs[ordinal]!(row));
    this.#states.touch(entry);
    const session = sessionAt(entry.state, timeMs, window.gapMs, this.#parts);
    session.accumulator = operation.accumulate[ordinal]!(session.accumulator, row);
    this.#timers.set(entry, entry.state[0]!.endMs);
  }

  protected override advance(watermarkMs: number): boolean {
    const due = this.#timers.next(watermarkMs);
    if (due === undefined) return true;
    const { entry, atMs } = due;
    if (entry.state[0]!.endMs <= atMs) {
      this.#states.touch(entry);
      this.#emit(entry.key, entry.state.shift()!, false);
    }
    if (entry.state.length === 0) this.#states.remove(entry);
    else this.#timers.set(entry, entry.state[0]!.endMs);
    return false;
  }

  protected override drain(): boolean {
    return this.advance(Number.POSITIVE_INFINITY);
  }

  woken(): boolean {
    for (;;) {
      if (!this.output.emit(this.outbox)) return false;
      if (!this.#isEarlyDue) return true;
      this.#early ??= this.#states.entries();
      for (let made = 0; made < EARLY_PER_SLICE; ) {
        const { done, value } = this.#early.next();
        if (done === true) {
          this.#isEarlyDue = false;
          this.#early = undefined;
          break;
        }
        for (const session of value.state) this.#emit(value.key, session, true);
        made += value.state.length;
      }
    }
  }

  #planEarly(earlyMs: number): void {
    this.#cancelEarly = this.context.clock.timer(earlyMs, () => {
      this.#isEarlyDue = true;
      this.context.wake();
      this.#planEarly(earlyMs);
    });
  }

  #emit(key: Key, { startMs, endMs, accumulator }: Session, isEarly: boolean): void {
    const { keyOfs, operation } = this.#options;
    const result = operation.finish(accumulator) as unknown;
    const row = {
      start: startMs,
      end: endMs,
      ...(keyOfs === undefined ? {} : { key }),
      result,
      ...(isEarly ? { isEarly } : {}),
    };
    this.output.add(row, endMs - 1);
  }

  protected override checkSize(): void {
    this.#states.checkSize(this.context);
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    if (!this.saveWatermark(writer)) return false;
    this.#writer = this.#states.freeze();
    return true;
  }

  writeSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    return this.#writer!.write(writer);
  }

  restoreSnapshot(saved: SnapshotEntry): void {
    if (this.restoreWatermark(saved)) return;
    for (const entry of this.#states.restore(saved) ?? []) this.#timers.set(entry, entry.state[0]!.endMs);
  }

  close(): void {
    this.#cancelEarly();
  }
}
