import { keyBucket, keyValues, rowHash } from './row-hash.ts';
import type { Session } from './session.ts';
import type { TablePair } from './table-pair.ts';

/** `missing`: in the source only. `extra`: in the target only. `different`: in both with other values, or another number of times. */
export interface Difference {
  readonly kind: 'missing' | 'extra' | 'different';
  /** Key columns (by their names in the source) and their values as text. */
  readonly key: Readonly<Record<string, string | null>>;
}

/** Rows that a bucket should hold, roughly. */
const BUCKET_ROWS = 1_024;
const BUCKETS_MAX = 65_536;
/** Most rows that one round reads from either side, unless a single bucket holds more. */
const ROUND_ROWS_MAX = 50_000;

interface Bucket {
  readonly bucket: string;
  readonly rows: string;
  readonly hash: string;
}

interface KeyedRow {
  readonly key: readonly (string | null)[];
  readonly hash: string;
}

const both = <T>(source: Session, target: Session, run: (session: Session) => Promise<T>): Promise<[T, T]> =>
  Promise.all([run(source), run(target)]);

/** Sums per bucket of the key's hash; only buckets whose sums differ are read row by row. */
export async function findDifferences(
  source: Session,
  target: Session,
  pair: TablePair,
  rowCount: number,
  limit: number,
): Promise<{ readonly differences: readonly Difference[]; readonly isComplete: boolean }> {
  const buckets = Math.min(BUCKETS_MAX, 2 ** Math.max(4, Math.ceil(Math.log2(Math.max(1, rowCount / BUCKET_ROWS)))));
  const [ours, theirs] = await both(source, target, (session) => {
    const { side } = session;
    return session.query<Bucket>(
      `select bucket::text, count(*)::text as rows, sum(hash::numeric)::text as hash
       from (select ${keyBucket(pair, side, buckets)} as bucket, ${rowHash(pair, side)} as hash from ${pair[side]}) as rows group by bucket`,
    );
  });
  const differing = differingBuckets(ours, theirs);
  const differences: Difference[] = [];
  while (differing.length > 0 && differences.length < limit) {
    const round: string[] = [];
    for (let rows = 0; differing.length > 0 && (round.length === 0 || rows + differing[0]!.rows <= ROUND_ROWS_MAX); ) {
      const next = differing.shift()!;
      rows += next.rows;
      round.push(next.bucket);
    }
    const [left, right] = await both(source, target, (session) => {
      const { side } = session;
      const sql = `select ${keyValues(pair, side)} as key, ${rowHash(pair, side)}::text as hash from ${pair[side]} where ${keyBucket(pair, side, buckets)} = any($1::bigint[]) order by 1`;
      return session.query<KeyedRow>(sql, [round]);
    });
    differences.push(...compareRows(pair, left, right));
  }
  return {
    differences: differences.slice(0, limit),
    isComplete: differing.length === 0 && differences.length <= limit,
  };
}

function differingBuckets(
  ours: readonly Bucket[],
  theirs: readonly Bucket[],
): { readonly bucket: string; readonly rows: number }[] {
  const other = new Map(theirs.map((row) => [row.bucket, row]));
  const found: { bucket: string; rows: number }[] = [];
  for (const row of ours) {
    const match = other.get(row.bucket);
    other.delete(row.bucket);
    if (match?.rows !== row.rows || match.hash !== row.hash)
      found.push({ bucket: row.bucket, rows: Math.max(Number(row.rows), Number(match?.rows ?? 0)) });
  }
  for (const row of other.values()) found.push({ bucket: row.bucket, rows: Number(row.rows) });
  return found.sort((a, b) => Number(a.bucket) - Number(b.bucket));
}

/** Hashes of the rows by key; a target without a unique key may hold a key more than once. */
function byKey(
  rows: readonly KeyedRow[],
): Map<string, { readonly key: readonly (string | null)[]; readonly hashes: string[] }> {
  const grouped = new Map<string, { key: readonly (string | null)[]; hashes: string[] }>();
  for (const { key, hash } of rows) {
    const id = JSON.stringify(key);
    const known = grouped.get(id);
    if (known === undefined) grouped.set(id, { key, hashes: [hash] });
    else known.hashes.push(hash);
  }
  return grouped;
}

function compareRows(pair: TablePair, left: readonly KeyedRow[], right: readonly KeyedRow[]): Difference[] {
  const named = (key: readonly (string | null)[]): Difference['key'] =>
    Object.fromEntries(pair.key.map((column, index) => [column.source, key[index] ?? null]));
  const ours = byKey(left);
  const theirs = byKey(right);
  const found: Difference[] = [];
  for (const [id, { key, hashes }] of ours) {
    const match = theirs.get(id);
    if (match === undefined) found.push({ kind: 'missing', key: named(key) });
    else if (hashes.sort().join() !== match.hashes.sort().join()) found.push({ kind: 'different', key: named(key) });
  }
  for (const [id, { key }] of theirs) if (!ours.has(id)) found.push({ kind: 'extra', key: named(key) });
  return found;
}
