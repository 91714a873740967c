import type { ProcessorSupplier, SnapshotEntry, SnapshotWriter } from '@millrace/engine';
import type { Key, KeyOf } from '../contract/key.ts';
import type { LoopMode } from '../contract/row-stage.ts';
import { KeyTimers } from '../keyed/key-timers.ts';
import { type KeyedEntry, KeyedStates } from '../keyed/keyed-states.ts';
import { RowProcessor } from '../keyed/row-processor.ts';
import type { StatesWriter } from '../keyed/saved-states.ts';

/** Takes a row that a stateful stage makes. */
export type Emit = (row: unknown) => void;

export interface StatefulMapOptions {
  /** Absent: one state for all rows. */
  readonly keyOf?: KeyOf | undefined;
  /** The state of a key that has none: plain data, changed in place by `step`. */
  readonly create: () => unknown;
  /** What a row makes of the state of its key. `timeMs` is `NaN` without event times. */
  // biome-ignore lint/suspicious/noExplicitAny: row and state are the stage's
  readonly step: (state: any, key: Key, row: any, timeMs: number, emit: Emit) => void;
  /** Event time after which the state of a key is forgotten; counted from its last row. Absent: kept for ever. */
  readonly ttlMs?: number | undefined;
  /** The time to live is counted from the first row: later ones don't renew it. */
  readonly isTtlFixed?: boolean | undefined;
  /** Called with what is forgotten, and when it was due; what it emits has that event time. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly evict?: ((state: any, key: Key, timeMs: number, emit: Emit) => void) | undefined;
  readonly mode?: LoopMode | undefined;
}

interface Held {
  readonly user: unknown;
  /** When it is forgotten; infinite without a time to live. */
  expiresMs: number;
}

/** The one key of a stage that is not keyed. */
const NO_KEY = 0;

/**
 * Rows are looked at one after the other with the state of their key (Jet's stateful transforms). What a row makes has its event time. State
 * without rows for `ttlMs` is forgotten when the watermark says so; rows that come late are not refused, they find what is there.
 */
export function statefulMap(options: StatefulMapOptions): ProcessorSupplier {
  return () => new StatefulMap(options);
}

class StatefulMap extends RowProcessor {
  readonly #options: StatefulMapOptions;
  readonly #states: KeyedStates<Held>;
  readonly #timers = new KeyTimers<Held>();
  readonly #emit: Emit;
  #timeMs = Number.NaN;
  #writer: StatesWriter<Held> | undefined;

  constructor(options: StatefulMapOptions) {
    super(1, options.mode);
    this.#options = options;
    this.#states = new KeyedStates(() => ({ user: options.create(), expiresMs: Number.POSITIVE_INFINITY }));
    this.#emit = (row) => this.output.add(row, this.#timeMs);
  }

  protected override receive(_ordinal: number, row: unknown, timeMs: number): void {
    const { keyOf, step, ttlMs } = this.#options;
    const key = keyOf === undefined ? NO_KEY : keyOf(row);
    let entry = this.#states.open(key);
    if (ttlMs !== undefined) entry = this.#renew(entry, key, timeMs, ttlMs);
    this.#states.touch(entry);
    this.#timeMs = timeMs;
    step(entry.state.user, key, row, timeMs, this.#emit);
  }

  /** The row may come after the state has run out and before the watermark says so. */
  #renew(given: KeyedEntry<Held>, key: Key, timeMs: number, ttlMs: number): KeyedEntry<Held> {
    let entry = given;
    if (timeMs >= entry.state.expiresMs) {
      this.#evict(entry, entry.state.expiresMs);
      entry = this.#states.open(key);
    }
    const isFirst = entry.state.expiresMs === Number.POSITIVE_INFINITY;
    if (!isFirst && this.#options.isTtlFixed === true) return entry;
    this.#states.touch(entry);
    const expiresMs = Math.max(timeMs, this.watermarkMs) + ttlMs;
    entry.state.expiresMs = isFirst ? expiresMs : Math.max(entry.state.expiresMs, expiresMs);
    this.#timers.set(entry, entry.state.expiresMs);
    return entry;
  }

  protected override advance(watermarkMs: number): boolean {
    const due = this.#timers.next(watermarkMs);
    if (due === undefined) return true;
    const { entry } = due;
    if (entry.state.expiresMs > due.atMs) this.#timers.set(entry, entry.state.expiresMs);
    else this.#evict(entry, due.atMs);
    return false;
  }

  #evict(entry: KeyedEntry<Held>, timeMs: number): void {
    this.#states.remove(entry);
    entry.timerMs = undefined;
    this.#timeMs = timeMs;
    this.#options.evict?.(entry.state.user, entry.key, timeMs, this.#emit);
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
    for (const entry of this.#states.restore(saved) ?? []) {
      if (entry.state.expiresMs !== Number.POSITIVE_INFINITY) this.#timers.set(entry, entry.state.expiresMs);
    }
  }
}
