import type { Finding } from '@millrace/connector-contract';
import type { Column } from '@millrace/formats';
import type pg from 'pg';
import type { TargetName } from '../../config.ts';
import { RightsMissing } from '../../errors.ts';
import type { TargetCatalog, TargetColumn, TargetTable } from '../../target/catalog.ts';
import { quoteName, quoteTable } from './quote.ts';

interface FoundTable {
  readonly oid: string;
  readonly id: string;
  readonly kind: string;
  readonly missing: string[];
  readonly owned: boolean;
  readonly referenced: boolean;
  readonly references: string[];
}

/**
 * Reads the catalog. (TypeORM's `getTable` splits names at dots, and tells neither types with their modifiers nor partial and
 * deferrable indexes apart.)
 */
export class PostgresCatalog implements TargetCatalog {
  readonly overriding = 'overriding system value';
  readonly #client: pg.ClientBase;

  constructor(client: pg.ClientBase) {
    this.#client = client;
  }

  quoteName(name: string): string {
    return quoteName(name);
  }

  quoteTable(name: TargetName): string {
    return quoteTable(name);
  }

  /** The source's type; `text` where the target lacks it. */
  async typeOf({ sqlType }: Column): Promise<string> {
    const { rows } = await this.#client.query('select to_regtype($1) is not null as known', [sqlType]);
    return rows[0].known ? sqlType : 'text';
  }

  uniqueKeySql(table: string, columns: string): string {
    return `CREATE UNIQUE INDEX ON ${table} (${columns});`;
  }

  nullableSql(table: string, column: string): string {
    return `ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL;`;
  }

  /** The type's own input function reads the text, or refuses it. */
  misfit(): undefined {}

  warnings(): readonly Finding[] {
    return [];
  }

  async describe(name: TargetName): Promise<TargetTable | undefined> {
    const { rows } = await this.#client.query<FoundTable>(
      `select c.oid::text, n.nspname || '.' || c.relname as id, c.relkind::text as kind, pg_has_role(c.relowner, 'USAGE') as owned,
         exists (select from pg_constraint f where f.confrelid = c.oid and f.contype = 'f') as referenced,
         array(select distinct rn.nspname || '.' || r.relname from pg_constraint f join pg_class r on r.oid = f.confrelid
           join pg_namespace rn on rn.oid = r.relnamespace where f.conrelid = c.oid and f.confrelid <> c.oid and f.contype = 'f') as "references",
         array(select r from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) r where not has_table_privilege(c.oid, r)) as missing
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relname = $1 and n.nspname = coalesce($2, current_schema())`,
      [name.table, name.schema ?? null],
    );
    const found = rows[0];
    if (found === undefined) return undefined;
    const columns = await this.#client.query<TargetColumn>(
      `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "notNull",
         a.atthasdef or a.attidentity <> '' or t.typdefault is not null as "hasDefault", a.attgenerated <> '' as computed
       from pg_attribute a join pg_type t on t.oid = a.atttypid
       where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`,
      [found.oid],
    );
    const keys = await this.#client.query<{ columns: string[] }>(
      `select array(select a.attname::text from unnest(i.indkey[0:i.indnkeyatts - 1]) k join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k) as columns
       from pg_index i
       where i.indrelid = $1 and i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null`,
      [found.oid],
    );
    return {
      isTable: found.kind === 'r' || found.kind === 'p',
      columns: columns.rows,
      uniqueKeys: keys.rows.map((row) => row.columns),
      id: found.id,
      isReferenced: found.referenced,
      references: found.references,
      rightsMissing: found.owned ? found.missing : [...found.missing, 'ALTER'],
    };
  }

  async creationFindings(name: TargetName): Promise<readonly Finding[]> {
    const { rows } = await this.#client.query<{
      user: string;
      database: string;
      schema: string | null;
      allowed: boolean | null;
    }>(
      `select current_user::text as user, current_database()::text as database, n.nspname::text as schema,
         case when n.oid is null then has_database_privilege(current_database(), 'CREATE') else has_schema_privilege(n.oid, 'CREATE') end as allowed
       from (select coalesce($1, current_schema())::text as wanted) w left join pg_namespace n on n.nspname = w.wanted`,
      [name.schema ?? null],
    );
    const { user, database, schema, allowed } = rows[0]!;
    if (allowed === true) return [];
    const where = schema === null ? `DATABASE ${quoteName(database)}` : `SCHEMA ${quoteName(schema)}`;
    return [
      {
        code: RightsMissing.code,
        severity: 'error',
        message: `the target table ${quoteTable(name)} is missing, and the sink's role may not create it`,
        mend: `GRANT CREATE ON ${where} TO ${quoteName(user)};`,
      },
    ];
  }

  async create(name: TargetName, definitions: string): Promise<void> {
    if (name.schema !== undefined) {
      // Asked first: "if not exists" wants the right to create schemas even when there is nothing to do.
      const { rows } = await this.#client.query('select from pg_namespace where nspname = $1', [name.schema]);
      if (rows.length === 0) await this.#client.query(`create schema if not exists ${quoteName(name.schema)}`);
    }
    await this.createOwn(name, definitions);
  }

  async createOwn(name: TargetName, definitions: string): Promise<void> {
    await this.#client.query(`create table if not exists ${quoteTable(name)} (${definitions})`);
  }

  async addColumn(name: TargetName, definition: string): Promise<void> {
    await this.#client.query(`alter table ${quoteTable(name)} add column if not exists ${definition}`);
  }
}
