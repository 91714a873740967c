import type { Lsn } from '@millrace/formats';

/** How the load began, for all its tables. */
export interface LoadMode {
  /**
   * The sinks show rows at once and an execution before this one may have shown them some that are read again now. So deletes are
   * emitted even when the rows read anew no longer have the key.
   */
  readonly converges: boolean;
  /** Transactions that commit below may have been delivered before. */
  replayEnd: Lsn;
}

/** What all tables of a load have under way, counted together. */
export class LoadTally {
  /** Of kept changes. */
  heldBytes = 0;
  /** Transactions that were dropped and not yet seen by a snapshot, per table. */
  remembered = 0;
  /** Keys that wait to be read again. */
  pendingPoints = 0;
  /** Units begun and not released. */
  reading = 0;
  /** Changes that wait behind a truncate. */
  queued = 0;
}
