import type { Clock } from '@millrace/kernel';

/** What a source function may know of where it runs. */
export interface SourceContext {
  readonly jobName: string;
  readonly vertex: string;
  /** Index of this instance among all, 0-based: a distributed source takes its share by it. */
  readonly globalIndex: number;
  readonly totalParallelism: number;
  readonly clock: Clock;
  /** Aborted when the execution stops; pass it to every wait. */
  readonly signal: AbortSignal;
}

/** Where a fill function puts what it has got. */
export interface SourceBuffer<Row> {
  /** Rows in the buffer. About 1,024 are enough for one call. */
  readonly size: number;
  /** @param timeMs event time, milliseconds since 1970; of timestamped sources only. */
  add(row: Row, timeMs?: number): void;
  /** Says that no row with an earlier event time will follow from this instance. */
  watermark(timeMs: number): void;
  /** The source is exhausted: the function is not called again. */
  close(): void;
}

/**
 * A source as a few functions (Jet's SourceBuilder). `fill` is called again and again; a call that adds nothing is followed by a short
 * pause. It may return a promise, while which nothing else is called.
 */
export interface SourceDefinition<State, Row> {
  readonly create: (context: SourceContext) => State | Promise<State>;
  readonly fill: (state: State, buffer: SourceBuffer<Row>) => void | Promise<void>;
  /** Where the source stands, as plain data: everything that was added before the call is covered. */
  snapshot?: ((state: State) => unknown) | undefined;
  /** Gets what all instances saved, before the first `fill`; each takes what concerns it. */
  restore?: ((state: State, saved: readonly unknown[]) => void | Promise<void>) | undefined;
  destroy?: ((state: State) => void | Promise<void>) | undefined;
}
