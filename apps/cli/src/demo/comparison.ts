import { MillraceError } from '@millrace/kernel';
import { SHOP_TABLES } from '@millrace/testing';
import { type Comparison, compareTables } from '../verify/compare-tables.ts';
import type { Platform } from './platform.ts';

/** What a comparison came to; a job that could not be compared is no success. */
export interface Verdict {
  readonly outcome: 'equal' | 'different' | 'not compared';
  readonly comparison: Comparison | undefined;
  /** Why it could not be compared. */
  readonly reason: string | undefined;
  /** Rows of the source, all tables. */
  readonly rows: number;
  /** Differing keys found, at least one for each table that differs. */
  readonly differences: number;
}

/** Compares the shop's tables (and others) with their copies at a position the job's slot has confirmed. */
export async function compareShop(
  platform: Platform,
  jobId: string,
  extraTables: readonly string[] = [],
  waitMs?: number,
): Promise<Verdict> {
  try {
    const comparison = await compareTables({
      source: platform.source.connection,
      target: platform.target.connection,
      tables: [...SHOP_TABLES, ...extraTables].map((table) => ({ source: table, target: table })),
      position: { jobId },
      waitMs,
    });
    const rows = comparison.tables.reduce((sum, table) => sum + table.sourceRows, 0);
    const differences = comparison.tables.reduce(
      (sum, table) => sum + (table.isEqual ? 0 : Math.max(1, table.differences.length)),
      0,
    );
    return { outcome: comparison.isEqual ? 'equal' : 'different', comparison, reason: undefined, rows, differences };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const reason = `${error.message}${error.mend === undefined ? '' : ` (${error.mend})`}`;
    return { outcome: 'not compared', comparison: undefined, reason, rows: 0, differences: 1 };
  }
}

/** One line for people: the outcome, then rows and checksum of each table. */
export function verdictLine({ outcome, comparison, reason }: Verdict): string {
  if (comparison === undefined) return `NOT COMPARED: ${reason}`;
  const tables = comparison.tables.map((table) => {
    const name = table.source.replace('public.', '');
    const rows = table.sourceRows.toLocaleString('en-US');
    if (table.isEqual) return `${name} ${rows} rows ${table.sourceHash.slice(-8)}`;
    const keys = table.differences.slice(0, 3).map((difference) => JSON.stringify(difference));
    return `${name} ${rows} rows against ${table.targetRows.toLocaleString('en-US')}: ${keys.join(' ')}`;
  });
  return `${outcome === 'equal' ? 'EQUAL' : 'DIFFERENT'} at ${comparison.position}: ${tables.join(', ')}`;
}
