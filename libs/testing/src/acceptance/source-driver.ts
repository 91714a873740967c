import type { SourceConnector } from '@millrace/connector-contract';

/** A place of a test's own at the real server, where it can write rows and the source reads them. */
export interface SourceOrigin extends AsyncDisposable {
  /** Options of the connection and of a stage that goes on with what comes, as a user writes them. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly stage: Readonly<Record<string, unknown>>;
  /** Adds rows with these ids (and any other columns), in one go: a transaction, an object. They are there for readers when it resolves. */
  insert(ids: readonly number[]): Promise<void>;
  /** Takes away what the source has not read. Absent: that can't happen (`losesHistory` of the driver). */
  lose?(): Promise<void>;
}

/** What the suite has to know of a source connector. */
export interface SourceDriver {
  // biome-ignore lint/suspicious/noExplicitAny: of any options
  readonly connector: SourceConnector<any, any>;
  open(): Promise<SourceOrigin>;
  /** Options of the connection that lead nowhere. */
  unreachable(): Promise<Readonly<Record<string, unknown>>>;
  /** Metrics that every run reports, and the one of them that counts rows. */
  readonly metrics: readonly string[];
  readonly rowCounter: string;
  /** Options that make it end with what is there, where it can. Default: `follow: false`. */
  readonly bounded?: Readonly<Record<string, unknown>>;
  /** Rows of one insert may come in any order. */
  readonly isUnordered?: boolean;
  /**
   * Its executions are competing consumers: what one has taken the others get when its connection ends, and not before. So an older execution does
   * disturb as long as it lives, and none of its rows may be missing or there twice afterwards.
   */
  readonly competes?: boolean;
  /** Its live rows have positions that grow. */
  readonly hasPositions?: boolean;
  /** Its origins have `lose`; this is the code of the failure. */
  readonly losesHistory?: RegExp;
}
