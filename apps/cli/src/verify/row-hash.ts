import pg from 'pg';
import type { Side } from './session.ts';
import type { ColumnPair, TablePair } from './table-pair.ts';

/**
 * A value's text, the same wherever the values are equal in SQL: numerics without trailing zeros, `char(n)` without its padding, json beside
 * jsonb as jsonb. All else is the type's own text output under the session's settings.
 */
function canonicalText(column: ColumnPair, side: Side): string {
  const name = pg.escapeIdentifier(column[side]);
  const types = [column.sourceType, column.targetType];
  if (types.includes('numeric')) {
    return `case when ${name}::text like '%.%' then rtrim(rtrim(${name}::text, '0'), '.') else ${name}::text end`;
  }
  if (types.includes('bpchar')) return `rtrim(${name}::text, ' ')`;
  if (types.includes('jsonb') && types.includes('json')) return `${name}::jsonb::text`;
  return `${name}::text`;
}

/** A row as one text that no other row has: each value with its length before it, null as a sign that no length is. */
function rowText(columns: readonly ColumnPair[], side: Side): string {
  return columns
    .map((column) => canonicalText(column, side))
    .map((text) => `coalesce(octet_length(${text})::text || ':' || (${text}), '~')`)
    .join(" || ',' || ");
}

const hash = (text: string, seed: number): string => `hashtextextended((${text}) collate "C", ${seed})`;

/** 64 bits of a row's compared columns. Summed as numeric they depend on every row, and equal rows don't cancel as they would under XOR. */
export const rowHash = (pair: TablePair, side: Side): string => hash(rowText(pair.columns, side), 0);

/** Bucket of a row's key: both sides put the same key into the same one. `buckets` is a power of two. */
export const keyBucket = (pair: TablePair, side: Side, buckets: number): string =>
  `(${hash(rowText(pair.key, side), 1)} & ${buckets - 1})`;

/** The key's values as a `text[]`. */
export const keyValues = (pair: TablePair, side: Side): string =>
  `array[${pair.key.map((column) => canonicalText(column, side)).join(', ')}]::text[]`;

/** Must come out the same on both servers, else their hashes can't be compared (another encoding, another byte order). */
export const HASH_PROBE = `select hashtextextended('Grüße, 世界 ~' collate "C", 0)::text || md5('Grüße') as probe`;
