/** What happened to a row. `read`: it was there when the subscription was made (`initialLoad: 'full'`). */
export type Operation = 'read' | 'insert' | 'update' | 'delete' | 'truncate';

/** Values by column. `int8` is a bigint; numeric, times and whatever else JSON has no type for are PostgreSQL's texts; json is parsed. */
export type AnyRow = Readonly<Record<string, unknown>>;

/** One change of one row. */
export interface Change<Row = AnyRow> {
  /** The same however often the change is delivered: LSN of the commit record and index in the transaction, or the number in the subscription. */
  readonly id: string;
  /** With its schema: `public.orders`. */
  readonly table: string;
  readonly operation: Operation;
  /** Row after the change; of a delete what is known of the row that is gone (its key), of a truncate nothing. */
  readonly row: Row;
  /** What is known of the row before: its key, or all with `REPLICA IDENTITY FULL`; null when nothing. */
  readonly before: Partial<Row> | null;
  /** Columns of large values that did not change and that PostgreSQL did not send: absent in `row`. */
  readonly unchanged: readonly (keyof Row & string)[];
  /** Half of an update that changed the key: a delete of the old one, then an insert of the new one. */
  readonly isKeyChange: boolean;
  /** Null of a row of the initial load. */
  readonly committedAt: Date | null;
  /** Place in the log of the source; null of a row of the initial load. */
  readonly position: { readonly lsn: string; readonly index: number } | null;
}
