import type { Finding } from '@millrace/connector-contract';
import type { Column } from '@millrace/formats';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { TargetName } from '../../config.ts';
import { RightsMissing } from '../../errors.ts';
import type { TargetCatalog, TargetColumn, TargetTable } from '../../target/catalog.ts';
import { baseType, createdType, misfit } from './column-types.ts';
import { quoteName, quoteTable } from './quote.ts';
import { grantedRights } from './rights.ts';

const TABLE_RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'ALTER'];
/** Collations under which texts are equal only when their bytes are, trailing spaces included. */
const EXACT_COLLATION = /^(utf8mb4_nopad_bin|utf8mb4_0900_bin|ascii_nopad_bin|latin1_nopad_bin|binary)$/;
/** Of a created `char(36)`: a uuid has no spaces. */
const UUID_COLLATION = 'ascii_bin';

interface ColumnRow extends RowDataPacket {
  readonly name: string;
  readonly type: string;
  readonly collation: string | null;
  readonly nullable: string;
  readonly fallback: string | null;
  readonly extra: string;
}

interface KeyRow extends RowDataPacket {
  readonly columns: string;
}

/** Reads `information_schema`. A schema is a database. */
export class MysqlCatalog implements TargetCatalog {
  readonly overriding = '';
  readonly #connection: Connection;
  readonly #collation: string;

  /** `collation`: for created texts, see `exactCollation`. */
  constructor(connection: Connection, collation: string) {
    this.#connection = connection;
    this.#collation = collation;
  }

  quoteName(name: string): string {
    return quoteName(name);
  }

  quoteTable(name: TargetName): string {
    return quoteTable(name);
  }

  async typeOf(column: Column, isKey: boolean): Promise<string> {
    return createdType(column, isKey, this.#collation);
  }

  uniqueKeySql(table: string, columns: string): string {
    return `ALTER TABLE ${table} ADD UNIQUE (${columns});`;
  }

  nullableSql(table: string, column: string, type: string): string {
    return `ALTER TABLE ${table} MODIFY ${column} ${type} NULL;`;
  }

  misfit(column: Column, target: TargetColumn): string | undefined {
    return misfit(column, target.type);
  }

  warnings(name: TargetName, table: TargetTable, key: readonly string[]): readonly Finding[] {
    return table.columns.flatMap((column) => {
      const collation = / collate (\S+)$/.exec(column.type)?.[1];
      if (collation === undefined || !key.includes(column.name)) return [];
      if (EXACT_COLLATION.test(collation) || collation === UUID_COLLATION) return [];
      const type = column.type.slice(0, column.type.indexOf(' collate'));
      return [
        {
          code: 'jdbc.key_collation',
          severity: 'warning',
          message: `column "${column.name}" of the key of ${quoteTable(name)} has collation ${collation}: of keys that it takes for equal and the source does not, the second is refused`,
          mend: `ALTER TABLE ${quoteTable(name)} MODIFY ${quoteName(column.name)} ${type} CHARACTER SET utf8mb4 COLLATE ${this.#collation} NOT NULL;`,
          pointer: '/table',
        },
      ];
    });
  }

  async describe({ schema, table }: TargetName): Promise<TargetTable | undefined> {
    const where = 'table_schema = coalesce(?, database()) and table_name = ?';
    const values = [schema ?? null, table];
    const [tables] = await this.#connection.query<RowDataPacket[]>(
      `select table_type as kind from information_schema.tables where ${where}`,
      values,
    );
    if (tables[0] === undefined) return undefined;
    const [columns] = await this.#connection.query<ColumnRow[]>(
      `select column_name as name, column_type as type, collation_name as collation, is_nullable as nullable,
         column_default as fallback, extra as extra from information_schema.columns where ${where} order by ordinal_position`,
      values,
    );
    const [keys] = await this.#connection.query<KeyRow[]>(
      `select json_arrayagg(column_name) as columns from information_schema.statistics where ${where} and non_unique = 0
       group by index_name having max(sub_part is not null or column_name is null) = 0`,
      values,
    );
    const database = await this.#database(schema);
    const { missing } = await grantedRights(this.#connection, database, table);
    const [references] = await this.#connection.query<RowDataPacket[]>(
      `select concat(unique_constraint_schema, '.', referenced_table_name) as parent from information_schema.referential_constraints
       where (unique_constraint_schema = ? and referenced_table_name = ?) or (constraint_schema = ? and table_name = ?)`,
      [database, table, database, table],
    );
    const id = `${database}.${table}`;
    return {
      isTable: tables[0]['kind'] === 'BASE TABLE',
      columns: columns.map(targetColumn),
      uniqueKeys: keys.map((row) => (typeof row.columns === 'string' ? JSON.parse(row.columns) : row.columns)),
      id,
      isReferenced: references.some(({ parent }) => parent === id),
      references: references.map(({ parent }) => String(parent)).filter((parent) => parent !== id),
      rightsMissing: TABLE_RIGHTS.filter((right) => missing.has(right)),
    };
  }

  async creationFindings(name: TargetName): Promise<readonly Finding[]> {
    const database = await this.#database(name.schema);
    const { user, missing } = await grantedRights(this.#connection, database);
    if (!missing.has('CREATE')) return [];
    return [
      {
        code: RightsMissing.code,
        severity: 'error',
        message: `the target table ${quoteTable(name)} is missing, and the sink's user may not create it`,
        mend: `GRANT CREATE ON ${quoteName(database)}.* TO ${user};`,
      },
    ];
  }

  async #database(schema: string | undefined): Promise<string> {
    if (schema !== undefined) return schema;
    const [rows] = await this.#connection.query<RowDataPacket[]>('select database() as name');
    return String(rows[0]!['name']);
  }

  async create(name: TargetName, definitions: string): Promise<void> {
    if (name.schema !== undefined) {
      const [found] = await this.#connection.query<RowDataPacket[]>(
        'select 1 from information_schema.schemata where schema_name = ?',
        [name.schema],
      );
      if (found.length === 0) await this.#connection.query(`create database if not exists ${quoteName(name.schema)}`);
    }
    await this.createOwn(name, definitions);
  }

  async createOwn(name: TargetName, definitions: string): Promise<void> {
    const options = `engine=InnoDB default character set utf8mb4 collate ${this.#collation}`;
    await this.#connection.query(`create table if not exists ${quoteTable(name)} (${definitions}) ${options}`);
  }

  async addColumn(name: TargetName, definition: string): Promise<void> {
    await this.#connection.query(`alter table ${quoteTable(name)} add column ${definition}`);
  }
}

function targetColumn({ name, type, collation, nullable, fallback, extra }: ColumnRow): TargetColumn {
  const notNull = nullable === 'NO';
  return {
    name,
    type: collation === null ? type : `${type} collate ${collation}`,
    notNull,
    hasDefault: fallback !== null || /auto_increment/i.test(extra) || (notNull && baseType(type) === 'timestamp'),
    computed: /(VIRTUAL|STORED|PERSISTENT) GENERATED/i.test(extra) || /^(VIRTUAL|STORED|PERSISTENT)\b/i.test(extra),
  };
}

/** The collation of created texts: byte by byte, trailing spaces count. MySQL and MariaDB name it differently. */
export const exactCollation = (version: string): string =>
  version.includes('MariaDB') ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin';
