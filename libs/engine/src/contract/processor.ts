import type { Clock, IdSource } from '@millrace/kernel';
import type { Batch } from './batch.ts';
import type { Watermark } from './mark.ts';
import type { SnapshotEntry, SnapshotWriter } from './snapshot.ts';

/** A processor's way out. */
export interface Outbox {
  /** Number of outgoing edges. */
  readonly edgeCount: number;
  /**
   * Whoever gets the batches has read all of a batch when `offer` returns `true` and keeps nothing of it: its arrays may be
   * filled again. So between processors that are chained in one tasklet; never on an edge. Absent means no.
   */
  readonly readsAtOnce?: boolean | undefined;
  /**
   * Offers a batch or watermark to all outgoing edges.
   *
   * `false` means there is no room: leave the current callback at once (return `false` from it) and offer the same
   * item first when called again; edges that already took it do not get it twice. An accepted item is frozen. With no
   * outgoing edge everything is accepted.
   */
  offer(item: Batch | Watermark): boolean;
  /** The same to the edge with this ordinal only. */
  offerTo(ordinal: number, item: Batch | Watermark): boolean;
}

/** Under this name sinks `observe` the time from the commit at the source until they show its rows. */
export const SHOWN_AFTER = 'shownAfterMs';

/** Counters and gauges of one processor instance; read by the coordinator about once a second. */
export interface ProcessorMetrics {
  /** Adds to a counter that lives as long as the execution. */
  add(name: string, delta: number): void;
  /** Sets a gauge. */
  set(name: string, value: number): void;
  /** Counts a duration, of which shares are told (median, 99th percentile); a name or two for each processor. */
  observe(name: string, durationMs: number): void;
}

export interface ProcessorContext {
  readonly jobId: string;
  readonly jobName: string;
  /** Fencing token of this execution attempt: pass it to every system that can refuse an older one. */
  readonly generation: number;
  readonly vertex: string;
  /** Index of this instance among all instances of the vertex, 0-based. */
  readonly globalIndex: number;
  readonly totalParallelism: number;
  readonly guarantee: 'exactly-once' | 'at-least-once' | 'none';
  /** The snapshot this execution continues from; `undefined` on the first start. */
  readonly restoredSnapshotId: number | undefined;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: ProcessorMetrics;
  /**
   * Bytes of state this instance may hold before it has to fail with `engine.state_too_large`; report the present size by
   * `metrics.set('stateBytes', …)`. Absent: no limit (tests).
   */
  readonly stateBytesMax?: number | undefined;
  /** Aborted when the execution stops; pass it to every wait. */
  readonly signal: AbortSignal;
  /** Says that I/O made progress: the tasklet runs again soon. Cheap and safe to call at any time. */
  wake(): void;
  /** Fails the execution from outside a callback (a rejected promise, a broken connection). The first error counts. */
  fail(error: unknown): void;
}

/**
 * The work of one vertex instance. Single-threaded: callbacks never overlap, except that promises it started itself
 * run between them.
 *
 * Order of calls: `init` (awaited); then, when a snapshot is restored, `restoreSnapshot` once for each saved entry that is
 * this instance's, and `restoreFinished` (awaited; called on a first start as well, without entries); then the working
 * callbacks in any order that the input gives; at last `close`, always, also after a failure and also when `init` failed.
 *
 * Every working callback that returns a boolean: `true` means done, `false` means "call me again": with the same
 * arguments, before anything else, after the outbox has room again or `wake()` was called. It must not block; work that
 * waits is started as a promise that calls `wake()`. A callback that throws fails the execution. A missing callback
 * counts as one that returns `true` (`process` is required as soon as there is an incoming edge).
 */
export interface Processor {
  /** `false` puts the processor on a thread of its own. Default `true`: callbacks return within about 1 ms. */
  readonly isCooperative?: boolean;
  /** `true`: keeps nothing of a batch (no array of it, nor the batch) once `process` has returned `true`. */
  readonly readsAtOnce?: boolean;

  init?(context: ProcessorContext): void | Promise<void>;

  /** One batch from the edge with this ordinal. The batch is frozen and must not be kept past `true` if large. */
  process?(ordinal: number, batch: Batch): boolean;

  /**
   * The watermark all inputs agree on, or `IDLE` (see `isIdle`) when every input is idle. A processor without this callback
   * passes it on.
   */
  processWatermark?(watermark: Watermark): boolean;

  /**
   * Called after `wake()`, before anything else is given, while inputs are open: the place to emit what came by itself (an answer, a
   * timer). A source has `complete` for that.
   */
  woken?(): boolean;

  /**
   * Called again and again once every input has ended, from the beginning at a source, until it returns `true`: the
   * processor has nothing more to emit. `false` without a refused offer means "waiting": it is called again after `wake()`.
   */
  complete?(): boolean;

  /**
   * Asked of a source while a barrier is due: may it be injected here? Until `true`, `complete` goes on being called; the
   * source must come to such a point soon (PostgreSQL: between two source transactions). Never asked of others.
   */
  snapshotReady?(snapshotId: number): boolean;

  /**
   * The barrier has arrived on every input (or is due at this source): make everything before it durable at the far end
   * without showing it, or, for sinks that show rows at once, write and commit it. Called before `saveSnapshot`.
   */
  snapshotPrepare?(snapshotId: number): boolean;

  /**
   * Writes the state, or freezes it when there is a `writeSnapshot`: the barrier goes on when it returns `true`.
   * `writer.offer` may refuse as the outbox does.
   */
  saveSnapshot?(snapshotId: number, writer: SnapshotWriter): boolean;

  /**
   * Writes what `saveSnapshot` froze, a slice of about 1 ms at a time, between working callbacks that already see rows after the
   * barrier: what is written must be the state as of the barrier (pages are copied before they are first changed).
   * Called until it returns `true`; the instance has saved only then. It offers nothing to the outbox.
   */
  writeSnapshot?(snapshotId: number, writer: SnapshotWriter): boolean;

  restoreSnapshot?(entry: SnapshotEntry): void;

  restoreFinished?(): void | Promise<void>;

  /**
   * Phase two: the snapshot is durable. Sinks show what they prepared, sources may let upstream forget. Runs beside the working
   * callbacks; the next snapshot starts only after it has resolved. After a restore the work a snapshot prepared is
   * committed by `restoreFinished` instead, so committing twice must be harmless.
   */
  snapshotCommit?(snapshotId: number): void | Promise<void>;

  close?(): void | Promise<void>;
}

/** Makes one instance, on the thread where it will run. */
export type ProcessorSupplier = (instance: {
  readonly globalIndex: number;
  readonly totalParallelism: number;
}) => Processor;
