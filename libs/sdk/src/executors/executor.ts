/** Rows of a statement, and how many it changed. */
export interface QueryResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly count: number;
}

export type Query = (sql: string, parameters: readonly unknown[]) => Promise<QueryResult>;

/** The service's own database, by the library that the service has. `Tx` is that library's handle of a transaction. */
export interface Executor<Tx> {
  /** Commits what `work` does, or nothing when it throws. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs statements in a transaction that the caller has begun. @throws NotATransaction for any other handle */
  queryIn(tx: Tx): Query;
}

/** A handle that is no transaction was given where one is needed: what is written would not be undone together. */
export class NotATransaction extends Error {
  override readonly name = 'NotATransaction';

  constructor(needed: string) {
    super(`a transaction is needed, and this handle is none: pass ${needed}`);
  }
}
