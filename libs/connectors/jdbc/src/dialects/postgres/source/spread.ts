import type pg from 'pg';
import type { TargetName } from '../../../config.ts';
import type { SourceColumn, SourceSql, Spread } from '../../../source/source-dialect.ts';

/**
 * The histogram that ANALYZE left (PostgreSQL manual, pg_stats). Its values are compared once more, as the column compares them: an order that
 * has changed since, with a new version of a collation, would make ranges that leave rows out.
 */
export async function spread(
  client: pg.PoolClient,
  sql: SourceSql,
  name: TargetName,
  { name: column, type }: SourceColumn,
): Promise<Spread | undefined> {
  const { rows } = await client.query<{ estimate: number; bounds: string[] | null; ascends: boolean | null }>(
    `with chosen as (
       select histogram_bounds, reltuples
       from pg_class join pg_namespace on pg_namespace.oid = relnamespace
         join pg_stats on schemaname = nspname and tablename = relname and attname = $2
       where pg_class.oid = $1::regclass
       order by inherited desc limit 1
     ), bound as (
       -- The column itself, without rows: the values take its collation.
       select 0::bigint as n, ${sql.quoteName(column)} as v from ${sql.quoteTable(name)} where false
       union all
       select n, v::${type} from chosen, unnest(histogram_bounds::text::text[]) with ordinality as b(v, n)
     ), compared as (select n, v, lag(v) over (order by n) < v as ascends from bound)
     select (select reltuples from chosen) as estimate, array_agg(v::text order by n) as bounds, bool_and(ascends) as ascends from compared`,
    [sql.quoteTable(name), column],
  );
  const [{ estimate, bounds, ascends } = { estimate: 0, bounds: null, ascends: null }] = rows;
  return bounds === null || ascends !== true ? undefined : { rows: estimate, values: bounds };
}
