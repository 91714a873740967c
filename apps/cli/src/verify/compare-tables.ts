import { type Clock, MillraceError, systemClock } from '@millrace/kernel';
import { type PositionProof, takeCommonPosition } from './common-position.ts';
import { BadArgument, HashDiffers } from './errors.ts';
import { type Difference, findDifferences } from './find-differences.ts';
import { HASH_PROBE, rowHash } from './row-hash.ts';
import { type Address, Session } from './session.ts';
import { pairTables, type TablePair, type TableRequest } from './table-pair.ts';

/** Differing keys listed per table unless asked for more. */
export const DIFFERENCES_MAX = 20;

/** How long the comparison may wait for the locks and the job, together. */
export const POSITION_WAIT_MS = 30_000;

export interface CompareRequest {
  readonly source: Address;
  readonly target: Address;
  readonly tables: readonly TableRequest[];
  readonly position: PositionProof;
  /** Default `DIFFERENCES_MAX`. */
  readonly differencesMax?: number | undefined;
  /** Default `POSITION_WAIT_MS`. The source's writers may be blocked this long. */
  readonly waitMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

export interface TableComparison {
  readonly source: string;
  readonly target: string;
  readonly sourceRows: number;
  readonly targetRows: number;
  /** Sum of the rows' hashes, hexadecimal. */
  readonly sourceHash: string;
  readonly targetHash: string;
  readonly isEqual: boolean;
  readonly differences: readonly Difference[];
  /** `false`: there are more differences than listed. */
  readonly isComplete: boolean;
}

export interface Comparison {
  /** Log sequence number of the source at which both sides were compared. */
  readonly position: string;
  /** How long the source's writers were kept waiting. */
  readonly lockedMs: number;
  readonly isEqual: boolean;
  readonly tables: readonly TableComparison[];
}

interface Total {
  readonly rows: number;
  readonly hash: string;
}

/**
 * Compares tables of a source with their copies at a common position: number of rows and sum of row hashes, and where these differ the keys.
 *
 * Equal are rows whose values are equal in SQL: `1.0` and `1.00` of type numeric are, also between columns of different scale; null and the empty text
 * are not; float8 compares by its shortest exact text, so `-0` and `0` differ. Values within arrays, ranges and composites compare as text. During an initial load the copy is rightly incomplete:
 * compare after it. Two differing tables pass as equal with a probability of 2^-64.
 * @throws MillraceError `verify.*` when the comparison could not be made.
 */
export async function compareTables(request: CompareRequest): Promise<Comparison> {
  const { clock = systemClock, waitMs = POSITION_WAIT_MS, differencesMax = DIFFERENCES_MAX } = request;
  if (request.tables.length === 0)
    throw new MillraceError(BadArgument, { message: 'no table to compare', mend: 'Name at least one.' });
  await using source = await Session.open('source', request.source);
  await using target = await Session.open('target', request.target);
  const pairs: TablePair[] = [];
  for (const table of request.tables) pairs.push(await pairTables(source, target, table));
  await probeHashes(source, target);
  const position = await commonPosition(request, source, target, pairs, waitMs, clock);
  const tables: TableComparison[] = [];
  for (const pair of pairs) tables.push(await compareTable(source, target, pair, differencesMax));
  return {
    position: position.lsn,
    lockedMs: position.lockedMs,
    isEqual: tables.every(({ isEqual }) => isEqual),
    tables,
  };
}

async function commonPosition(
  request: CompareRequest,
  source: Session,
  target: Session,
  pairs: readonly TablePair[],
  waitMs: number,
  clock: Clock,
) {
  await using locker = await Session.open('source', request.source);
  const tables = pairs.map((pair) => pair.source);
  return await takeCommonPosition({ locker, source, target }, tables, request.position, waitMs, clock);
}

async function probeHashes(source: Session, target: Session): Promise<void> {
  const [[ours], [theirs]] = await Promise.all([
    source.query<{ probe: string }>(HASH_PROBE),
    target.query<{ probe: string }>(HASH_PROBE),
  ]);
  if (ours!.probe === theirs!.probe) return;
  throw new MillraceError(HashDiffers, {
    message: 'source and target hash the same text differently',
    mend: 'Both databases must have the encoding UTF8 and run on machines of the same byte order.',
  });
}

async function total(session: Session, pair: TablePair): Promise<Total> {
  const sql = `select count(*)::text as rows, coalesce(sum(hash::numeric), 0)::text as hash from (select ${rowHash(pair, session.side)} as hash from ${pair[session.side]}) as rows`;
  const [row] = await session.query<{ rows: string; hash: string }>(sql);
  return { rows: Number(row!.rows), hash: BigInt.asUintN(128, BigInt(row!.hash)).toString(16).padStart(32, '0') };
}

async function compareTable(
  source: Session,
  target: Session,
  pair: TablePair,
  limit: number,
): Promise<TableComparison> {
  const [ours, theirs] = await Promise.all([total(source, pair), total(target, pair)]);
  const isEqual = ours.rows === theirs.rows && ours.hash === theirs.hash;
  const found = isEqual
    ? { differences: [], isComplete: true }
    : await findDifferences(source, target, pair, Math.max(ours.rows, theirs.rows), limit);
  return {
    source: pair.request.source,
    target: pair.request.target ?? pair.request.source,
    sourceRows: ours.rows,
    targetRows: theirs.rows,
    sourceHash: ours.hash,
    targetHash: theirs.hash,
    isEqual,
    ...found,
  };
}
