import type { ColumnKind, TableSchema } from '@millrace/formats';

/** A column that is written. */
export interface PlanColumn {
  readonly name: string;
  /** Index of the field in the raw tuple. */
  readonly field: number;
  readonly key: boolean;
  readonly kind: ColumnKind;
  /** Type at the source, as PostgreSQL prints it. */
  readonly sqlType: string;
  /** Type in the target, as the target prints it. */
  readonly type: string;
}

/** How one version of a source table's shape is written to its target table. */
export interface TablePlan {
  readonly source: TableSchema;
  /** The target table as SQL, quoted; its identity. */
  readonly target: string;
  readonly columns: readonly PlanColumn[];
  /** The key columns, in the order of `columns`. */
  readonly key: readonly PlanColumn[];
  /** Highest field that is read. */
  readonly fieldMax: number;
  /** The key is not the source's: an update may change it without saying so, but `before` is complete. */
  readonly keyMayChange: boolean;
  /** Deleted rows stay with true in this column; all others get false. */
  readonly marker: string | undefined;
  /** Name of the target table with its schema, as in `references`. */
  readonly id: string;
  /** Foreign keys of the target lead to it. */
  readonly isReferenced: boolean;
  /** Target tables that its foreign keys lead to. */
  readonly references: readonly string[];
  /** A row that is there stays as it is. */
  readonly keepsRows: boolean;
}
