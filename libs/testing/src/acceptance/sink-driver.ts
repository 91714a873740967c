import type { SinkConnector } from '@millrace/connector-contract';

/** A place of a test's own at the real server, empty. */
export interface SinkTarget extends AsyncDisposable {
  /** Options of the connection and of a stage, as a user writes them. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly stage: Readonly<Record<string, unknown>>;
  /**
   * Ids of the rows of `TEST_TABLE` that readers see now, each as often as it is there.
   * @param isOpen something is prepared; otherwise it may wait until nothing is under way any more
   */
  read(isOpen: boolean): Promise<readonly number[]>;
  /** What this job has there and no reader sees: hidden files, uploads, rows in staging. Absent: there is no such thing. */
  leftovers?(jobId: string): Promise<readonly string[]>;
  /** Makes the server refuse the row with this id; resolves with what undoes that. Absent: nothing does (`refuses` of the driver). */
  refuse?(id: number): Promise<() => Promise<void>>;
}

/** A server of a test's own that can be killed. */
export interface PrivateServer extends AsyncDisposable {
  readonly target: SinkTarget;
  /** Kills it with SIGKILL and starts it again on the same files and the same port. */
  restart(): Promise<void>;
}

/** What the suite has to know of a sink connector. */
export interface SinkDriver {
  // biome-ignore lint/suspicious/noExplicitAny: of any options
  readonly connector: SinkConnector<any, any>;
  open(): Promise<SinkTarget>;
  /** Options of the connection that lead nowhere. */
  unreachable(): Promise<Readonly<Record<string, unknown>>>;
  /** Codes that an older execution fails with once a newer one has started. */
  readonly fenced: RegExp;
  /** Metrics that every run reports; `rowsWritten` always. */
  readonly metrics?: readonly string[];
  /** In this mode it has one instance, whatever the connector can do in others. */
  readonly oneInstance?: boolean;
  /** What it has written belongs to the job, and goes with it. */
  readonly goesWithJob?: boolean;
  /** Its targets have `refuse`. */
  readonly refuses?: boolean;
  /** Its driver writes before it returns, so it never has to refuse a batch. */
  readonly writesAtOnce?: boolean;
  /** Where processes that are killed import the connector from. */
  readonly module: { readonly url: string; readonly name: string };
  /** Absent: a private server costs too much, and the connector has a test of its own for that. */
  startServer?(): Promise<PrivateServer>;
}
