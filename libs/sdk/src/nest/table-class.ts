/** A table of a source as `millrace typegen` writes it: a class whose instances are its rows, and that is never made. */
export interface TableClass<Row = unknown> {
  new (): Row;
  /** Name of the registered source. */
  readonly source: string;
  /** With its schema: `public.orders`. */
  readonly table: string;
}
