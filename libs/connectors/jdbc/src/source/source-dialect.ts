import type { Finding } from '@millrace/connector-contract';
import type { Column } from '@millrace/formats';
import type { ConnectionOptions, TargetName } from '../config.ts';
import type { Relation, SourceStage } from './source-config.ts';
import type { TupleBlock } from './tuple-writer.ts';

export interface SourceColumn extends Column {
  /** The type as the database calls it; what constants for comparisons are made of. */
  readonly type: string;
}

/** A relation as the database describes it. */
export interface Described {
  /** Of a table: as the database spells them. Of a query: `undefined`. */
  readonly name: { readonly schema: string; readonly table: string } | undefined;
  /** None is marked as key: that is the stage's to say. */
  readonly columns: readonly SourceColumn[];
  /** In the order of its index. */
  readonly primaryKey: readonly string[];
  /** Over all rows and of columns only. None of a query. */
  readonly indexes: readonly { readonly columns: readonly string[]; readonly isUnique: boolean }[];
}

/** How a dialect writes what every query of a source is made of. */
export interface SourceSql {
  /** `(a, b) > (x, y)` finds its way through an index. */
  readonly comparesRows: boolean;
  quoteName(name: string): string;
  quoteTable(name: TargetName): string;
  /** A column in a list of what is selected. */
  selected(column: SourceColumn): string;
  /** A constant that compares with the column exactly. `text`: as in a tuple. */
  constant(column: SourceColumn, text: string): string;
}

/** How the rows of a table are spread over the values of a column. */
export interface Spread {
  /** An estimate. */
  readonly rows: number;
  /** As in a tuple, each greater than the one before, compared as the column is. */
  readonly values: readonly string[];
}

/** One connection that reads, and can change nothing. Calls never overlap, except `abort`. */
export interface SourceSession {
  readonly sql: SourceSql;
  /**
   * Columns, key and indexes.
   * @throws MillraceError `jdbc.table_missing`, `jdbc.query_refused`
   */
  describe(relation: Relation, types: SourceStage['types']): Promise<Described>;
  /**
   * Streams the rows of a select of these columns, as tuples; the database waits while nobody asks for more.
   * @throws MillraceError `jdbc.value_unreadable`, `jdbc.connection_lost` and others of the connection
   */
  rows(sql: string, columns: readonly SourceColumn[]): AsyncIterable<TupleBlock>;
  /**
   * What the statistics of a table, which may be old, say of a column: values in the column's order with about as many rows between each two.
   * `undefined`, or without it: nothing.
   */
  spread?(name: TargetName, column: SourceColumn): Promise<Spread | undefined>;
  /** Cuts the connection: what runs fails soon. */
  abort(): void;
  close(): Promise<void>;
}

/** A kind of database as a source. Errors that leave it are `MillraceError`s. */
export interface SourceDialect {
  /** Its calls block the thread, so the source gets one of its own. */
  readonly isBlocking: boolean;
  /** Gives a failure of the session its code. */
  classify(error: unknown): Error;
  /** Reachable, login, version. */
  check(options: ConnectionOptions, signal: AbortSignal): Promise<readonly Finding[]>;
  /** @throws MillraceError `jdbc.unreachable`, `jdbc.login_refused` */
  open(
    options: ConnectionOptions,
    stage: Pick<SourceStage, 'zeroDates' | 'parameters'>,
    name: string,
  ): Promise<SourceSession>;
}
