import { NULL, TupleCursor } from '@millrace/formats';
import { isCounted, numberOf, textOf } from './ordered-value.ts';
import { relationSql } from './read-sql.ts';
import type { SourceColumn, SourceSession } from './source-dialect.ts';
import type { StageShape } from './stage-shape.ts';

/** Ranges for each connection: one that is slower or larger than others does not hold up the end. */
const RANGES_A_CONNECTION = 4;
/** Smaller ranges (in values of the column, or estimated rows) are not worth a query. */
const RANGE_SIZE_MIN = 1_000;

/** Rows whose first key column is from `from` (inclusive) to `to` (exclusive); absent: open. Plain data, kept in the saved state. */
export interface Range {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const EVERYTHING: readonly Range[] = [{}];

/**
 * Cuts what is between the least and the greatest value of the first key column into parts of one width; where its values can't be counted, at
 * those that the statistics of the table give.
 */
export async function cutRanges(
  session: SourceSession,
  shape: StageShape,
  parallel: number,
): Promise<readonly Range[]> {
  if (parallel === 1) return EVERYTHING;
  const countMax = parallel * RANGES_A_CONNECTION;
  const column = shape.key[0]!;
  const cuts = isCounted(column)
    ? await evenCuts(session, shape, column, countMax)
    : await knownCuts(session, shape, column, countMax);
  return [undefined, ...cuts].map((from, at) => ({ from, to: cuts[at] }));
}

async function evenCuts(
  session: SourceSession,
  shape: StageShape,
  column: SourceColumn,
  countMax: number,
): Promise<readonly string[]> {
  const [least, greatest] = await leastAndGreatest(session, shape, column);
  if (least === undefined || greatest === undefined) return [];
  const values = greatest - least + 1n;
  const worth = values / BigInt(RANGE_SIZE_MIN);
  const count = worth < countMax ? worth : BigInt(countMax);
  const cuts: string[] = [];
  for (let at = 1n; at < count; at++) {
    const cut = textOf(column, least + (values * at) / count);
    // Dates are rounded: two cuts may be one.
    if (cut !== cuts.at(-1)) cuts.push(cut);
  }
  return cuts;
}

async function knownCuts(
  session: SourceSession,
  { relation }: StageShape,
  column: SourceColumn,
  countMax: number,
): Promise<readonly string[]> {
  if (!('name' in relation)) return [];
  const spread = await session.spread?.(relation.name, column);
  if (spread === undefined) return [];
  const { rows, values } = spread;
  // The first and the last value are the ends, not cuts.
  const count = Math.min(countMax, values.length - 1, Math.floor(rows / RANGE_SIZE_MIN));
  return Array.from({ length: Math.max(0, count - 1) }, (_, at) => {
    return values[Math.round(((at + 1) * (values.length - 1)) / count)]!;
  });
}

async function leastAndGreatest(
  session: SourceSession,
  { relation }: StageShape,
  column: SourceColumn,
): Promise<readonly (bigint | undefined)[]> {
  const { sql } = session;
  const name = sql.quoteName(column.name);
  const select = `select min(${name}), max(${name}) from ${relationSql(sql, relation)}`;
  const found: (bigint | undefined)[] = [];
  const cursor = new TupleCursor();
  const columns = [0, 1].map((field) => ({ ...column, field }));
  for await (const { bytes } of session.rows(select, columns)) {
    cursor.read(bytes, 0);
    for (const { field } of columns) {
      const start = cursor.starts[field]!;
      const length = cursor.lengths[field]!;
      found.push(length === NULL ? undefined : numberOf(column, bytes.toString('utf8', start, start + length)));
    }
  }
  return found;
}
