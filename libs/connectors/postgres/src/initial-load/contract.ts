import type { ReloadState } from '@millrace/connector-contract';
import type { Lsn, SourceTransaction, TableSchema } from '@millrace/formats';

/**
 * A change of a table that is being loaded. The tuples are views that are valid during the call only (the load copies what it
 * keeps); those given to `LoadOutput` are valid during that call only.
 */
export interface HeldEvent {
  /** One of `Op`: create, update (key unchanged), delete, truncate. */
  readonly op: number;
  readonly schema: TableSchema;
  /** Raw tuple, layout as in `ChangeBatch`. */
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
  readonly transaction: SourceTransaction;
  readonly index: number;
}

/** Where the initial load and the events it lets through go. Everything sent here carries `FLAG_LOADING`. */
export interface LoadOutput {
  /** Less room than for two events: `pump` returns. */
  readonly isFull: boolean;
  emit(event: HeldEvent): void;
  /** The halves of a key change, adjacent and with `FLAG_KEY_CHANGE`: a delete, and a create whose `before` is the old key. */
  emitKeyChange(deleted: HeldEvent, created: HeldEvent): void;

  /** Makes room for a row of at most `bytesMax` and returns the array to write its tuple to, from `rowStart` on. */
  reserveRow(bytesMax: number): Uint8Array;
  readonly rowStart: number;
  /** The tuple written from `rowStart` to `end` is a row of the load (`r`, no transaction). */
  endRow(schema: TableSchema, end: number): void;
}

/** What the source sees of the initial load. All calls on one thread, none overlapping. */
export interface InitialLoad {
  /**
   * Connects and begins to read. Called once, when emission is allowed (R7): after the first snapshot was committed; with restored
   * state in the first `complete`, when every sink has fenced its predecessor.
   */
  start(): void;

  /** Events of this table (`TableSchema.id`) go through `handle` and carry `FLAG_LOADING`. Turns false only inside `save`. */
  isLoading(tableId: string): boolean;

  /**
   * Judges one event of a loading table: emits it, keeps it or drops it. Emits at most one event or one key change, so the caller
   * needs room for two events. Must not be called while `mustPauseStream`.
   * @param created the create half when the event is a key change (`event` is its delete half); index and before as in `ChangeBatch`.
   */
  handle(event: HeldEvent, created: HeldEvent | undefined, out: LoadOutput): void;

  /** Emits rows and kept events until `out.isFull` or nothing is at hand. `wake()` tells when there is more. */
  pump(out: LoadOutput): void;

  /** The limit of kept events (or of remembered transactions) is reached: read no further from the stream until `wake()` and false. */
  readonly mustPauseStream: boolean;

  /** A barrier is due (or no longer): no new range is started, those being read are finished. Safe to call repeatedly. */
  barrierDue(due: boolean): void;
  /** No range is partly emitted and nothing is kept: `save` gives the whole truth. */
  readonly canSnapshot: boolean;

  /**
   * Every transaction whose commit record starts below `position` has been given to `handle`: call it at the end of each transaction
   * (its end LSN) and with a keepalive's walEnd when no transaction is open.
   */
  streamPassed(position: Lsn): void;

  /** Plain JSON; only while `canSnapshot`. Tables that have nothing left to judge become streaming here. */
  save(): LoadState;
  close(): Promise<void>;

  /** What became of the requests to load tables again, as of the last `save` (or of what was restored). */
  reloads(): readonly ReloadProgress[];

  readonly progress: LoadProgress;
  /** Of each table; for looks now and then. */
  tableProgress(): readonly TableProgress[];
}

/** Plain JSON; the source stores it in its snapshot and gives it back unread. */
export interface LoadState {
  readonly version: 1;
  readonly tables: readonly unknown[];
  /** Requests to load tables again that have been begun. */
  readonly reloads?: readonly string[];
}

/** How far a request to load tables again is. */
export interface ReloadProgress {
  readonly id: string;
  readonly state: ReloadState;
}

export interface LoadProgress {
  /** Rows emitted by this execution. */
  readonly rows: number;
  readonly tablesTotal: number;
  /** Tables that are streaming. */
  readonly tablesDone: number;
}

/** Where the load of one table is. */
export interface TableProgress {
  readonly id: string;
  readonly phase: 'waiting' | 'loading' | 'streaming';
  /** Read so far, by executions before this one too. */
  readonly rows: number;
  /** By the statistics of the server; below 0: none. */
  readonly rowsEstimate: number;
}

/** How the load calls back; both may be called at any time between `start` and the end of `close`. */
export interface LoadCallbacks {
  /** There is something to pump, or `mustPauseStream` or `canSnapshot` changed. */
  wake(): void;
  fail(error: unknown): void;
}
