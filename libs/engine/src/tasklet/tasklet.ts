import type { Clock } from '@millrace/kernel';
import type { Batch } from '../contract/batch.ts';
import { barrier, END_OF_INPUT, type Watermark } from '../contract/mark.ts';
import type { Processor } from '../contract/processor.ts';
import type { RowCounts } from '../contract/row-counts.ts';
import type { SnapshotEntry } from '../contract/snapshot.ts';
import type { EdgeOutbox } from '../edge/edge-outbox.ts';
import type { Scheduler, Task } from '../scheduler/scheduler.ts';
import { EntryWriter } from './entry-writer.ts';
import type { Inputs } from './inputs.ts';
import { type InstanceFigures, REPORTED_RUN_MS } from './instance-metrics.ts';

/** What a tasklet tells its execution. */
export interface TaskletListener {
  /** A callback threw. */
  failed(tasklet: Tasklet, error: unknown): void;
  saved(tasklet: Tasklet, snapshotId: number, entries: readonly SnapshotEntry[], counts: RowCounts): void;
  /** The processor has nothing more to emit. */
  completed(tasklet: Tasklet): void;
  /** A run of a cooperative processor took longer than `REPORTED_RUN_MS`. */
  slow(tasklet: Tasklet, durationMs: number): void;
  /** It now reads its last priority: barriers can be aligned. */
  priorityDone(tasklet: Tasklet): void;
}

export interface TaskletParts {
  readonly vertex: string;
  readonly globalIndex: number;
  readonly processor: Processor;
  readonly inputs: Inputs;
  readonly outbox: EdgeOutbox;
  readonly figures: InstanceFigures;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly listener: TaskletListener;
}

/** Callbacks in one run, so that the tasklets of a thread take turns within a slice. */
const CALLBACKS_PER_RUN_MAX = 8;

interface SnapshotUnderWay {
  readonly snapshotId: number;
  readonly writer: EntryWriter;
  isPrepared: boolean;
}

interface SnapshotBeingWritten extends SnapshotUnderWay {
  /** At the barrier. */
  readonly counts: RowCounts;
}

/**
 * A suspendable step over one processor and its edges. After a callback returned `false` it waits for room in a queue that
 * refused or for `wake()`; otherwise it waits for input.
 *
 * Snapshots: with open inputs the barrier comes from them. Without any, or once all have ended, it is due as soon as the
 * coordinator has announced it; a source is asked `snapshotReady` first. A processor that has completed still answers
 * every announced snapshot (prepare, save, no barrier, because its edges have ended), so that what it wrote last is
 * committed by the next snapshot and restored as completed.
 */
export class Tasklet implements Task {
  isScheduled = false;
  readonly vertex: string;
  readonly globalIndex: number;
  readonly processor: Processor;
  readonly figures: InstanceFigures;
  /** The callback being run, for error reports. */
  callback = 'init';
  readonly #parts: TaskletParts;
  #isRunning = false;
  #isCompleted = false;
  /** The last callback returned `false` and nothing has happened since. */
  #isWaiting = false;
  #isWoken = false;
  /** `wake()` was called and the processor wants to hear of it. */
  #owesWoken = false;
  #current: Batch | Watermark | undefined;
  #snapshot: SnapshotUnderWay | undefined;
  /** Frozen; written in slices beside the other callbacks. */
  #writing: SnapshotBeingWritten | undefined;
  /** Announced and not yet saved. */
  #due: number | undefined;
  #lastSaved: number | undefined;
  #isPrioritizing: boolean;

  constructor(parts: TaskletParts) {
    this.#parts = parts;
    this.vertex = parts.vertex;
    this.globalIndex = parts.globalIndex;
    this.processor = parts.processor;
    this.figures = parts.figures;
    this.#isPrioritizing = parts.inputs.isPrioritizing;
  }

  get isPrioritizing(): boolean {
    return this.#isPrioritizing;
  }

  start(): void {
    this.#isRunning = true;
    this.#parts.scheduler.schedule(this);
  }

  /** No callback is made any more. */
  stop(): void {
    this.#isRunning = false;
  }

  /** I/O progressed or a queue has room: whatever returned `false` is called again. */
  wake(): void {
    if (!this.#isRunning) return;
    this.#isWoken = true;
    this.#isWaiting = false;
    this.#owesWoken = this.processor.woken !== undefined;
    this.#parts.scheduler.schedule(this);
  }

  inputArrived(): void {
    if (this.#isRunning && !this.#isWaiting) this.#parts.scheduler.schedule(this);
  }

  /** The coordinator has started a snapshot. */
  announce(snapshotId: number): void {
    // A barrier from another thread can be faster than the announcement: then it has been saved already.
    if (snapshotId !== this.#lastSaved) this.#due = snapshotId;
    if (this.#parts.inputs.hasEnded) this.wake();
  }

  run(deadlineMs: number): boolean {
    try {
      let count = 0;
      do {
        if (!this.#isRunning) return false;
        const isWriting = this.#writing !== undefined;
        if (isWriting) this.#writeSnapshot(this.#writing!);
        const hasAdvanced = !this.#isWaiting && this.#advance();
        if (!hasAdvanced && !isWriting) return false;
        count += 1;
      } while (count < CALLBACKS_PER_RUN_MAX && this.#parts.clock.monotonicMs() < deadlineMs);
      return true;
    } catch (error) {
      this.stop();
      this.#parts.listener.failed(this, error);
      return false;
    }
  }

  ran(durationMs: number): void {
    this.figures.ran(durationMs);
    if (durationMs < REPORTED_RUN_MS || this.processor.isCooperative === false) return;
    this.#parts.listener.slow(this, durationMs);
  }

  /** One callback; `false` when there was nothing to call or it is to be called again. */
  #advance(): boolean {
    this.#isWoken = false;
    if (this.#snapshot !== undefined) return this.#saveSnapshot(this.#snapshot);
    if (this.#current !== undefined) return this.#deliver(this.#current);
    const { inputs } = this.#parts;
    if (this.#owesWoken && !inputs.hasEnded) return this.#tellWoken();
    if (inputs.hasEnded) return this.#complete();
    const item = inputs.next();
    if (this.#isPrioritizing && !inputs.isPrioritizing) {
      this.#isPrioritizing = false;
      this.#parts.listener.priorityDone(this);
    }
    if (item === undefined) return inputs.hasEnded;
    if (item.kind === 'barrier') return this.#beginSnapshot(item.snapshotId);
    return this.#deliver(item);
  }

  #deliver(item: Batch | Watermark): boolean {
    this.#current = item;
    const { outbox, inputs, figures } = this.#parts;
    const { processor } = this;
    let isDone: boolean;
    if (item.kind === 'watermark') {
      this.#enter('processWatermark');
      isDone = processor.processWatermark === undefined ? outbox.offer(item) : processor.processWatermark(item);
    } else {
      this.#enter('process');
      isDone = processor.process!(inputs.ordinal, item);
    }
    if (!this.#leave(isDone)) return false;
    if (item.kind !== 'watermark') figures.rowsIn += item.length;
    this.#current = undefined;
    return true;
  }

  #tellWoken(): boolean {
    // Before the call: what wakes it meanwhile is owed again.
    this.#owesWoken = false;
    this.#enter('woken');
    if (this.#leave(this.processor.woken!())) return true;
    this.#owesWoken = true;
    return false;
  }

  #complete(): boolean {
    const { outbox } = this.#parts;
    const due = this.#due;
    // With an item half delivered the barrier would overtake it at some targets: first that one is finished, and no other begun.
    const isHeldUp = due !== undefined && outbox.isPartial;
    if (due !== undefined && !isHeldUp && this.#isReadyFor(due)) return this.#beginSnapshot(due);
    if (this.#isCompleted) return false;
    this.#enter('complete');
    outbox.onlyFinishes = isHeldUp;
    const isDone = this.#leave(this.processor.complete?.() ?? true);
    outbox.onlyFinishes = false;
    if (!isDone) {
      if (isHeldUp && !outbox.isPartial) this.#isWaiting = false;
      return !this.#isWaiting;
    }
    outbox.put(END_OF_INPUT);
    this.#isCompleted = true;
    this.#parts.listener.completed(this);
    return true;
  }

  #isReadyFor(snapshotId: number): boolean {
    if (this.#isCompleted || !this.#parts.inputs.isEmpty || this.processor.snapshotReady === undefined) return true;
    this.callback = 'snapshotReady';
    return this.processor.snapshotReady(snapshotId);
  }

  #beginSnapshot(snapshotId: number): boolean {
    this.#snapshot = { snapshotId, writer: new EntryWriter(), isPrepared: false };
    return true;
  }

  #saveSnapshot(snapshot: SnapshotUnderWay): boolean {
    const { snapshotId, writer } = snapshot;
    if (!snapshot.isPrepared) {
      this.#enter('snapshotPrepare');
      if (!this.#leave(this.processor.snapshotPrepare?.(snapshotId) ?? true)) return false;
      snapshot.isPrepared = true;
    }
    this.#enter('saveSnapshot');
    if (!this.#leave(this.processor.saveSnapshot?.(snapshotId, writer) ?? true)) return false;
    this.#snapshot = undefined;
    this.#lastSaved = snapshotId;
    this.#due = undefined;
    const counts = this.figures.counts(this.#parts.outbox.rowsOut);
    if (!this.#isCompleted) this.#parts.outbox.put(barrier(snapshotId));
    this.#parts.inputs.release();
    if (this.processor.writeSnapshot !== undefined) this.#writing = { ...snapshot, counts };
    else this.#parts.listener.saved(this, snapshotId, writer.entries, counts);
    return true;
  }

  #writeSnapshot({ snapshotId, writer, counts }: SnapshotBeingWritten): void {
    this.callback = 'writeSnapshot';
    if (!this.processor.writeSnapshot!(snapshotId, writer)) return;
    this.#writing = undefined;
    this.#parts.listener.saved(this, snapshotId, writer.entries, counts);
  }

  #enter(callback: string): void {
    this.callback = callback;
    if (this.figures.blockedSinceMs !== undefined) this.figures.unblocked(this.#parts.clock.monotonicMs());
    this.#parts.outbox.open();
  }

  #leave(isDone: boolean): boolean {
    const { outbox, clock } = this.#parts;
    outbox.close(isDone);
    if (!isDone) {
      this.#isWaiting = !this.#isWoken;
      if (outbox.wasRefused) this.figures.blocked(clock.monotonicMs());
    }
    return isDone;
  }
}
