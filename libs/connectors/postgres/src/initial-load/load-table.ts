import type { TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import type { ClientBase } from 'pg';
import { type CatalogTable, readTableSchemas } from '../preflight/table-catalog.ts';
import { TableChangedDuringLoad } from '../setup-errors.ts';
import { chunkRowsOf } from './chunk-rows.ts';
import type { LoadMode, LoadTally } from './load-tally.ts';
import { Reconciler } from './reconciler.ts';
import { TableKey } from './table-key.ts';
import type { TableSave } from './table-save.ts';

/** A loading table: its decisions, and what is known of its shape. */
export class LoadTable {
  readonly catalog: CatalogTable;
  readonly reconciler: Reconciler;
  readonly chunkRows: number;
  /** Emitted so far, by executions before this one too. */
  rows: number;
  /** Rows of it have been delivered before: `LoadMode.converges`, whatever the sinks. */
  readonly isReload: boolean;
  /** Whoever changed it before the load began is visible; a first load has a slot that sees to it. */
  mayRead: boolean;
  /** As the rows read from now on have it. */
  schema: TableSchema;
  #shape: string | undefined;

  constructor(
    catalog: CatalogTable,
    mode: LoadMode,
    tally: LoadTally,
    saved: (TableSave & { readonly rows?: number }) | undefined,
    { chunkRows, isReload }: { readonly chunkRows: number | undefined; readonly isReload: boolean },
  ) {
    this.isReload = isReload;
    this.mayRead = !isReload;
    this.rows = saved?.rows ?? 0;
    this.catalog = catalog;
    this.schema = catalog.schema;
    this.chunkRows = chunkRows ?? chunkRowsOf(catalog);
    this.reconciler = new Reconciler(new TableKey(catalog.schema.id, catalog.key), mode, tally, saved);
  }

  /**
   * The shape the table has in a reading transaction; when it is another one than before, its columns are read again there.
   * @throws MillraceError `postgres.table_changed_during_load` when the key is another one.
   */
  async seenWith(shape: string, session: ClientBase): Promise<void> {
    if (shape === this.#shape) return;
    const [now] = await readTableSchemas(session, [this.catalog.schema]);
    const describe = (table: CatalogTable | undefined): string =>
      JSON.stringify(table?.key.map(({ name, baseTypeOid, byteOrder }) => [name, baseTypeOid, byteOrder]));
    if (now === undefined || describe(now) !== describe(this.catalog)) throw keyChanged(this.catalog.schema.id);
    if (JSON.stringify(now.schema) !== JSON.stringify(this.schema)) this.schema = now.schema;
    this.#shape = shape;
  }
}

export const tableRenamed = (table: string): MillraceError =>
  new MillraceError(TableChangedDuringLoad, {
    message: `${table} was renamed while it was being loaded`,
    mend: `Give it its name back and resume the job, or cancel the job and submit it with the new name.`,
    details: { table },
  });

const keyChanged = (table: string): MillraceError =>
  new MillraceError(TableChangedDuringLoad, {
    message: `the key of ${table} was changed while the table was being loaded`,
    mend: 'Cancel the job and submit it again: a new initial load begins.',
    details: { table },
  });
