import type { DatabaseSync } from 'node:sqlite';
import type { Finding } from '@millrace/connector-contract';
import type { Column } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import type { TargetName } from '../../config.ts';
import { TableMissing } from '../../errors.ts';
import type { TargetCatalog, TargetColumn, TargetTable } from '../../target/catalog.ts';
import { quoteName, quoteTable } from './quote.ts';
import { createdType, misfit } from './values.ts';

/** Hidden columns of `table_xinfo`: 2 and 3 are generated. */
const GENERATED = 2;
const NO_SCHEMAS = 'a file of SQLite has no schemas';
const NO_SCHEMAS_MEND = 'Leave the schema out of "table", for example "{schema}_{table}".';

/** Foreign keys of any table that lead to one. */
const REFERENCED =
  'select 1 from sqlite_schema s, pragma_foreign_key_list(s.name) f where f."table" = ? collate nocase limit 1';

export class SqliteCatalog implements TargetCatalog {
  readonly overriding = '';
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  quoteName(name: string): string {
    return quoteName(name);
  }

  quoteTable(name: TargetName): string {
    return quoteTable(name);
  }

  async typeOf({ kind }: Column): Promise<string> {
    return createdType(kind);
  }

  uniqueKeySql(table: string, columns: string): string {
    return `CREATE UNIQUE INDEX ${quoteName(`${table.replaceAll('"', '')} key`)} ON ${table} (${columns});`;
  }

  nullableSql(table: string, column: string, type: string): string {
    return `Give ${column} of ${table} a default, or make the table anew with "${column.replaceAll('"', '')} ${type}" nullable.`;
  }

  misfit({ kind }: Column, { type }: TargetColumn): string | undefined {
    return misfit(kind, type);
  }

  warnings(): readonly Finding[] {
    return [];
  }

  async describe({ schema, table }: TargetName): Promise<TargetTable | undefined> {
    if (schema !== undefined) return undefined;
    // Names differ in more than letter case, or they are the same.
    const found = this.#all(
      "select type, name from sqlite_schema where name = ? collate nocase and type in ('table', 'view')",
      table,
    )[0];
    if (found === undefined) return undefined;
    const columns = this.#all('select name, type, "notnull", dflt_value, pk, hidden from pragma_table_xinfo(?)', table);
    const primary = columns.filter((column) => Number(column['pk']) > 0);
    const isRowid = primary.length === 1 && String(primary[0]!['type']).toUpperCase() === 'INTEGER';
    const names = primary.map((column) => String(column['name']));
    return {
      isTable: found['type'] === 'table',
      columns: columns.map((column) => ({
        name: String(column['name']),
        type: String(column['type']),
        notNull: Number(column['notnull']) === 1,
        hasDefault: column['dflt_value'] !== null || (isRowid && Number(column['pk']) > 0),
        computed: Number(column['hidden']) >= GENERATED,
      })),
      id: table.toLowerCase(),
      isReferenced: this.#all(REFERENCED, table).length > 0,
      references: this.#all('select distinct lower("table") as parent from pragma_foreign_key_list(?)', table)
        .map(({ parent }) => String(parent))
        .filter((parent) => parent !== table.toLowerCase()),
      uniqueKeys: [...(isRowid ? [names] : []), ...this.#uniqueIndexes(table)],
      rightsMissing: [],
    };
  }

  async creationFindings(name: TargetName): Promise<readonly Finding[]> {
    if (name.schema === undefined) return [];
    return [
      { code: TableMissing.code, severity: 'error', message: NO_SCHEMAS, mend: NO_SCHEMAS_MEND, pointer: '/table' },
    ];
  }

  async create(name: TargetName, definitions: string): Promise<void> {
    if (name.schema !== undefined) {
      throw new MillraceError(TableMissing, { message: NO_SCHEMAS, mend: NO_SCHEMAS_MEND, pointer: '/table' });
    }
    this.#database.exec(`create table if not exists ${quoteTable(name)} (${definitions}) strict`);
  }

  async createOwn(name: TargetName, definitions: string): Promise<void> {
    this.#database.exec(`create table if not exists ${quoteTable(name)} (${definitions})`);
  }

  async addColumn(name: TargetName, definition: string): Promise<void> {
    this.#database.exec(`alter table ${quoteTable(name)} add column ${definition}`);
  }

  /** Over all rows, of columns only, and comparing texts byte by byte. */
  #uniqueIndexes(table: string): readonly (readonly string[])[] {
    const indexes = this.#all('select name from pragma_index_list(?) where "unique" = 1 and partial = 0', table);
    return indexes.flatMap((index) => {
      const columns = this.#all('select name, coll from pragma_index_xinfo(?) where key = 1', String(index['name']));
      const isExact = columns.every((column) => column['name'] !== null && column['coll'] === 'BINARY');
      return isExact ? [columns.map((column) => String(column['name']))] : [];
    });
  }

  #all(sql: string, ...values: string[]): readonly Record<string, unknown>[] {
    return this.#database.prepare(sql).all(...values);
  }
}
