import { NULL, TupleCursor } from '@millrace/formats';
import { isCounted, numberOf, textOf } from './ordered-value.ts';
import { relationSql } from './read-sql.ts';
import type { SourceColumn, SourceSession } from './source-dialect.ts';
import type { StageShape } from './stage-shape.ts';

/** Ranges for each connection: one that is slower or larger than others does not hold up the end. */
const RANGES_A_CONNECTION = 4;
/** Smaller ranges (in values of the column) are not worth a query. */
const RANGE_VALUES_MIN = 1_000n;

/** Rows whose first key column is from `from` (inclusive) to `to` (exclusive); absent: open. Plain data, kept in the saved state. */
export interface Range {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const EVERYTHING: readonly Range[] = [{}];

/** Cuts what is between the least and the greatest value of the first key column into parts of one width. */
export async function cutRanges(
  session: SourceSession,
  shape: StageShape,
  parallel: number,
): Promise<readonly Range[]> {
  const column = shape.key[0]!;
  if (parallel === 1 || !isCounted(column)) return EVERYTHING;
  const [least, greatest] = await leastAndGreatest(session, shape, column);
  if (least === undefined || greatest === undefined) return EVERYTHING;
  const values = greatest - least + 1n;
  const wanted = BigInt(parallel * RANGES_A_CONNECTION);
  const count = values / RANGE_VALUES_MIN < wanted ? values / RANGE_VALUES_MIN : wanted;
  if (count <= 1n) return EVERYTHING;
  const cuts: string[] = [];
  for (let at = 1n; at < count; at++) {
    const cut = textOf(column, least + (values * at) / count);
    // Dates are rounded: two cuts may be one.
    if (cut !== cuts.at(-1)) cuts.push(cut);
  }
  return [undefined, ...cuts].map((from, at) => ({ from, to: cuts[at] }));
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
