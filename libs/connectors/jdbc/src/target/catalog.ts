import type { Finding } from '@millrace/connector-contract';
import type { Column } from '@millrace/formats';
import type { TargetName } from '../config.ts';

export interface TargetColumn {
  readonly name: string;
  /** As the database prints it, with its modifier. */
  readonly type: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** Computed by the target (`generated always as (…)`): never written. */
  readonly computed: boolean;
}

/** A relation as it stands in the target. */
export interface TargetTable {
  /** `false`: a view or the like, which can't be written by upsert. */
  readonly isTable: boolean;
  readonly columns: readonly TargetColumn[];
  /** Column names of each index that tells rows apart: unique, immediate, over all rows, no expressions. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Its name with the schema that it is in. */
  readonly id: string;
  /** Foreign keys lead to it, from any table. */
  readonly isReferenced: boolean;
  /** Names, as `id`, of the other tables that its foreign keys lead to. */
  readonly references: readonly string[];
  /** Rights that the role lacks among those the sink may need; `ALTER` stands for adding columns. */
  readonly rightsMissing: readonly string[];
}

/** What a dialect knows of names, types and tables; everything a plan or a finding is made of. */
export interface TargetCatalog {
  /** Stands between the columns and the rows of an insert: lets identity columns take the source's values. */
  readonly overriding: string;
  quoteName(name: string): string;
  quoteTable(name: TargetName): string;
  /** The type that a missing column is created with: every value it takes arrives exactly. */
  typeOf(column: Column, isKey: boolean): Promise<string>;
  /** The statement that makes the columns a key; both are quoted. */
  uniqueKeySql(table: string, columns: string): string;
  /** The statement that lets a column be null; all are quoted. */
  nullableSql(table: string, column: string, type: string): string;
  /** Why values of the source's column could not all arrive exactly in the target's, although it would take some; `undefined`: they do. */
  misfit(column: Column, target: TargetColumn): string | undefined;
  /** What is worth a warning about a table that can be written. */
  warnings(name: TargetName, table: TargetTable, key: readonly string[]): readonly Finding[];
  describe(name: TargetName): Promise<TargetTable | undefined>;
  /** May the table be created where it is missing? */
  creationFindings(name: TargetName): Promise<readonly Finding[]>;
  /** `definitions` as SQL: columns and primary key. Creates the schema first when that is missing. */
  create(name: TargetName, definitions: string): Promise<void>;
  /** A table of the sink's own in a schema that is there, with types as the target has them. */
  createOwn(name: TargetName, definitions: string): Promise<void>;
  addColumn(name: TargetName, definition: string): Promise<void>;
}
