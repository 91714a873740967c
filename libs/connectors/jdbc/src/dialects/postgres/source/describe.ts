import type { ColumnKind } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import type pg from 'pg';
import { TableMissing } from '../../../errors.ts';
import { queryRefused } from '../../../source/query-refused.ts';
import { relationSql } from '../../../source/read-sql.ts';
import type { Relation } from '../../../source/source-config.ts';
import type { Described, SourceColumn, SourceSql } from '../../../source/source-dialect.ts';
import { quoteTable } from '../quote.ts';
import { classify } from '../server-error.ts';

/** By what `format_type` prints without a modifier; all others are texts. */
const KINDS: Readonly<Record<string, ColumnKind>> = {
  smallint: 'integer',
  integer: 'integer',
  oid: 'integer',
  bigint: 'bigint',
  numeric: 'exact',
  money: 'exact',
  real: 'float',
  'double precision': 'float',
  boolean: 'boolean',
  json: 'json',
  jsonb: 'json',
  date: 'date',
  'time without time zone': 'time',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  uuid: 'uuid',
  bytea: 'bytea',
};

/** A domain's values are those of its base type. `types` and `modifiers` belong together, place by place. */
const TYPES = `with recursive base as (
  select w.place, w.oid, w.oid as base, w.modifier
  from unnest($1::oid[], $2::int[]) with ordinality w(oid, modifier, place)
  union all
  select b.place, b.oid, t.typbasetype, t.typtypmod from base b join pg_type t on t.oid = b.base and t.typtype = 'd')
select format_type(b.oid, b.modifier) as declared, format_type(b.base, b.modifier) as "sqlType", format_type(b.base, -1) as type,
  format_type(b.base, null) as name
from base b join pg_type t on t.oid = b.base and t.typtype <> 'd' order by b.place`;

interface TypeRow {
  readonly sqlType: string;
  readonly type: string;
  readonly name: string;
}

interface FoundColumn {
  readonly name: string;
  readonly oid: number;
  readonly modifier: number;
  readonly nullable: boolean;
}

/** @throws MillraceError `jdbc.table_missing`, `jdbc.query_refused` */
export async function describe(client: pg.ClientBase, sql: SourceSql, relation: Relation): Promise<Described> {
  if ('query' in relation) {
    const columns = await queryColumns(client, sql, relation);
    return { name: undefined, columns: await withTypes(client, columns), primaryKey: [], indexes: [] };
  }
  const { rows } = await client.query<{ oid: string; schema: string; table: string }>(
    `select c.oid::text, n.nspname as schema, c.relname as "table" from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relname = $1 and n.nspname = coalesce($2, current_schema()) and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [relation.name.table, relation.name.schema ?? null],
  );
  const found = rows[0];
  if (found === undefined) throw tableMissing(quoteTable(relation.name));
  const { oid, schema, table } = found;
  const columns = await client.query<FoundColumn>(
    `select attname as name, atttypid as oid, atttypmod as modifier, not attnotnull as nullable
     from pg_attribute where attrelid = $1 and attnum > 0 and not attisdropped order by attnum`,
    [oid],
  );
  const indexes = await client.query<{ columns: string[]; isUnique: boolean; isPrimary: boolean }>(
    `select array(select a.attname::text from unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) with ordinality k(number, place)
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number order by k.place) as columns,
       i.indisunique as "isUnique", i.indisprimary as "isPrimary"
     from pg_index i where i.indrelid = $1 and i.indisvalid and i.indpred is null and i.indexprs is null`,
    [oid],
  );
  return {
    name: { schema, table },
    columns: await withTypes(client, columns.rows),
    primaryKey: indexes.rows.find(({ isPrimary }) => isPrimary)?.columns ?? [],
    indexes: indexes.rows.map(({ columns: names, isUnique }) => ({ columns: names, isUnique })),
  };
}

async function queryColumns(
  client: pg.ClientBase,
  sql: SourceSql,
  relation: Relation,
): Promise<readonly FoundColumn[]> {
  try {
    const { fields } = await client.query(`select * from ${relationSql(sql, relation)} limit 0`);
    return fields.map(({ name, dataTypeID: oid, dataTypeModifier: modifier }) => ({
      name,
      oid,
      modifier,
      nullable: true,
    }));
  } catch (error) {
    throw queryRefused(classify(error));
  }
}

async function withTypes(client: pg.ClientBase, columns: readonly FoundColumn[]): Promise<readonly SourceColumn[]> {
  const { rows } = await client.query<TypeRow>(TYPES, [
    columns.map(({ oid }) => oid),
    columns.map(({ modifier }) => modifier),
  ]);
  return columns.map(({ name, nullable }, field) => {
    const { sqlType, type, name: bare } = rows[field]!;
    return { name, field, kind: KINDS[bare] ?? 'text', sqlType, type, key: false, nullable };
  });
}

const tableMissing = (name: string): MillraceError =>
  new MillraceError(TableMissing, {
    message: `there is no table ${name}, or the role may not see it`,
    mend: 'Correct the name (exact spelling, with its schema), or GRANT the role USAGE on the schema.',
    pointer: '/table',
  });
