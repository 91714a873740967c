import type { Finding } from '@millrace/connector-contract';
import type { Position, TableSchema } from '@millrace/formats';
import type { AppendPlan, WaitingRow } from './append/append-plan.ts';
import type { ConnectionOptions, StageOptions } from './config.ts';
import type { RowReader } from './upsert/row-reader.ts';
import type { Step } from './upsert/steps.ts';
import type { TablePlan } from './upsert/table-plan.ts';

/** Owner of a row of `millrace_progress`. */
export interface WriterIdentity {
  readonly jobId: string;
  /** Name of the sink's stage. */
  readonly sink: string;
  readonly writer: number;
  /** Fencing token: an older one is refused. */
  readonly generation: number;
}

/** A kind of database behind the sink. Errors that leave it are `MillraceError`s, or a `Refusal` where a row is to blame. */
export interface Dialect {
  /** Its calls block the thread, so the sink gets one of its own. */
  readonly isBlocking: boolean;
  /**
   * Opens a session for writing.
   * @throws MillraceError `jdbc.unreachable`, `jdbc.login_refused`
   */
  open(options: ConnectionOptions, identity: WriterIdentity): Promise<TargetSession>;
  /** Reachable, login, rights, version. */
  check(options: ConnectionOptions, signal: AbortSignal): Promise<readonly Finding[]>;
  /** Can these tables be written? Changes nothing. */
  checkTables(
    options: ConnectionOptions,
    stage: StageOptions,
    tables: readonly TableSchema[],
    signal: AbortSignal,
  ): Promise<readonly Finding[]>;
  /** Removes the job's progress rows of this sink. */
  forget(options: ConnectionOptions, identity: Pick<WriterIdentity, 'jobId' | 'sink'>): Promise<void>;
}

/** What a claim finds written by earlier executions. */
export interface Progress {
  /** Of the last change. */
  readonly position: Position | undefined;
  /** Newest snapshot that was stored with a commit. */
  readonly snapshotId: number | undefined;
}

export interface Executed {
  /** Rows it changed, or the `count` it selected. */
  readonly count: number;
  /** The first row it selected. */
  readonly row: Readonly<Record<string, unknown>> | undefined;
}

/** One connection that writes. Calls never overlap, except `abort`. */
export interface TargetSession {
  /**
   * Makes this writer the only one that can commit, and returns what it finds written.
   * `afresh`: history starts anew; what an abandoned execution wrote says nothing.
   * @throws MillraceError `jdbc.fenced` when a newer generation was here.
   */
  claim(afresh: boolean): Promise<Progress>;
  /**
   * Finds out how a table is written; creates it when it is missing and may be created.
   * @throws MillraceError with the code of the first finding that stands in the way.
   */
  plan(source: TableSchema, stage: StageOptions): Promise<TablePlan>;

  /**
   * The same for rows that are appended: these wait in a table of the sink until they are moved to the target.
   * @param isNoted each with a note, so that one that is refused then can be set aside
   */
  planAppend(source: TableSchema, stage: StageOptions, isNoted: boolean): Promise<AppendPlan>;
  /** Puts rows where they wait. @throws Refusal */
  wait(plan: AppendPlan, rows: readonly WaitingRow[], reader: RowReader): Promise<void>;
  /** Runs a statement that is the same in all dialects. @throws Refusal */
  execute(sql: string): Promise<Executed>;

  begin(): Promise<void>;
  savepoint(name: string): Promise<void>;
  release(name: string): Promise<void>;
  rollbackTo(name: string): Promise<void>;
  /** Checks deferred constraints now. @throws Refusal */
  checkConstraints(): Promise<void>;
  rollback(): Promise<void>;
  /**
   * May leave statements for the next call on the session, which then throws for them.
   * @throws Refusal when a row is refused; the transaction must then be rolled back (to a savepoint).
   */
  apply(step: Step, reader: RowReader): Promise<void>;
  /**
   * Stores the progress (`undefined`: no new position) in the open transaction and commits. After a `Refusal` the transaction may
   * be gone.
   * @throws MillraceError `jdbc.fenced`; then nothing was committed.
   */
  commit(progress: Position | undefined, snapshotId: number | undefined): Promise<void>;

  /** Cuts the connection: what runs fails at once. */
  abort(): void;
  close(): Promise<void>;
}
