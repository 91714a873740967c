import type { SourceContext } from '../source/source-definition.ts';

export type SinkContext = SourceContext;

/**
 * A sink as a few functions (Jet's SinkBuilder). `receive` is called for each row and must not wait; `flush` after each batch may return a
 * promise. With `prepare` and `commit` the sink is exactly once: what was received before a barrier is made durable without being
 * shown by `prepare`, and shown by `commit`; both get the number of the snapshot, and `commit` may come again after a crash.
 */
export interface SinkDefinition<State, Row> {
  readonly create: (context: SinkContext) => State | Promise<State>;
  readonly receive: (state: State, row: Row, timeMs: number) => void;
  flush?: ((state: State) => void | Promise<void>) | undefined;
  prepare?: ((state: State, snapshotId: number) => void | Promise<void>) | undefined;
  commit?: ((state: State, snapshotId: number) => void | Promise<void>) | undefined;
  /** What has to be known after a crash, as plain data (handles of what `prepare` made). */
  snapshot?: ((state: State) => unknown) | undefined;
  /** Gets what all instances saved, each once: commits what was prepared for the snapshot and removes what came later. */
  restore?: ((state: State, saved: readonly unknown[], snapshotId: number) => void | Promise<void>) | undefined;
  /** The input has ended and everything was flushed. */
  complete?: ((state: State) => void | Promise<void>) | undefined;
  destroy?: ((state: State) => void | Promise<void>) | undefined;
}
