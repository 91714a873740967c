import { MillraceError, nearNames } from '@millrace/kernel';
import { ColumnUnknown, KeyMissing, TableUnknown } from './errors.ts';
import type { Session } from './session.ts';
import { parseTableName, quotedName } from './table-name.ts';

/** What to compare: two tables, by default all columns of the source's that are not generated, and its primary key. */
export interface TableRequest {
  /** `schema.table` */
  readonly source: string;
  /** `schema.table`; default the source's name. */
  readonly target?: string | undefined;
  /** Columns to compare; a name for both sides, or one for each. */
  readonly columns?: readonly (string | { readonly source: string; readonly target: string })[] | undefined;
  /** Names of the source's key columns. They are compared also when `columns` leaves them out. */
  readonly key?: readonly string[] | undefined;
}

interface ColumnInfo {
  readonly name: string;
  /** Name of the base type, such as `numeric` or `bpchar`. */
  readonly type: string;
  readonly generated: boolean;
  readonly key_position: number | null;
}

export interface ColumnPair {
  readonly source: string;
  readonly target: string;
  readonly sourceType: string;
  readonly targetType: string;
}

export interface TablePair {
  readonly request: TableRequest;
  readonly source: string;
  readonly target: string;
  readonly columns: readonly ColumnPair[];
  readonly key: readonly ColumnPair[];
}

// Domains are looked through: they print as their base type does.
const COLUMNS = `
  with recursive base(oid, type, typbasetype) as (
    select oid, oid, typbasetype from pg_type
    union all
    select base.oid, t.oid, t.typbasetype from base join pg_type t on t.oid = base.typbasetype where base.typbasetype <> 0
  )
  select a.attname as name, t.typname as type, a.attgenerated <> '' as generated, array_position(i.indkey::int2[], a.attnum) as key_position
  from pg_attribute a
  join base on base.oid = a.atttypid and base.typbasetype = 0
  join pg_type t on t.oid = base.type
  left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
  where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
  order by a.attnum`;

async function describe(
  session: Session,
  name: string,
): Promise<{ readonly sql: string; readonly columns: readonly ColumnInfo[] }> {
  const parsed = parseTableName(name);
  const found = await session.query<{ oid: string }>(
    `select c.oid::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')`,
    [parsed.schema, parsed.table],
  );
  if (found.length === 0) {
    const known = await session.query<{ table: string }>(
      `select relname::text as table from pg_class where relkind in ('r', 'p') and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')`,
    );
    const near = nearNames(
      parsed.table,
      known.map(({ table }) => table),
    );
    throw new MillraceError(TableUnknown, {
      message: `the ${session.side} has no table ${parsed.schema}.${parsed.table}`,
      mend: near.length > 0 ? `Tables with such a name: ${near.join(', ')}.` : 'Check the database and the schema.',
      details: { side: session.side, table: name },
    });
  }
  return { sql: quotedName(parsed), columns: await session.query<ColumnInfo>(COLUMNS, [found[0]!.oid]) };
}

/**
 * Finds both tables' columns and pairs them.
 * @throws MillraceError `verify.table_unknown`, `verify.column_unknown`, `verify.key_missing`
 */
export async function pairTables(source: Session, target: Session, request: TableRequest): Promise<TablePair> {
  const targetName = request.target ?? request.source;
  const [from, to] = await Promise.all([describe(source, request.source), describe(target, targetName)]);
  const find = (columns: readonly ColumnInfo[], name: string, side: string, table: string): ColumnInfo => {
    const column = columns.find((candidate) => candidate.name === name);
    if (column !== undefined) return column;
    const names = columns.map((candidate) => candidate.name);
    const near = nearNames(name, names);
    throw new MillraceError(ColumnUnknown, {
      message: `the ${side}'s table ${table} has no column "${name}"`,
      mend: `${near.length > 0 ? `Did you mean ${near.join(', ')}?` : `Its columns: ${names.join(', ')}.`} Columns that are to be left out or have another name are given with columns.`,
      details: { side, table, column: name },
    });
  };
  const pair = (asked: string | { readonly source: string; readonly target: string }): ColumnPair => {
    const names = typeof asked === 'string' ? { source: asked, target: asked } : asked;
    const sourceType = find(from.columns, names.source, 'source', request.source).type;
    return { ...names, sourceType, targetType: find(to.columns, names.target, 'target', targetName).type };
  };
  const columns = (request.columns ?? from.columns.filter(({ generated }) => !generated).map(({ name }) => name)).map(
    pair,
  );
  const primary = from.columns
    .filter((column) => column.key_position !== null)
    .sort((a, b) => a.key_position! - b.key_position!);
  const keyNames = request.key ?? primary.map(({ name }) => name);
  if (keyNames.length === 0) {
    throw new MillraceError(KeyMissing, {
      message: `the source's table ${request.source} has no primary key`,
      mend: 'Name the columns that tell its rows apart as key, or add a primary key.',
      details: { table: request.source },
    });
  }
  const key = keyNames.map((name) => columns.find((column) => column.source === name) ?? pair(name));
  return {
    request,
    source: from.sql,
    target: to.sql,
    columns: [...columns, ...key.filter((column) => !columns.includes(column))],
    key,
  };
}
