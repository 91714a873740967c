import type { SQL } from 'drizzle-orm';
import { type Executor, NotATransaction, type Query, type QueryResult } from './executor.ts';

/** What of Drizzle is used, of its drivers for PostgreSQL (node-postgres, postgres.js). */
interface Handle {
  execute(query: SQL): PromiseLike<unknown>;
}

interface Database<Tx> {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** node-postgres answers with an object, postgres.js with the rows. */
function resultOf(answer: unknown): QueryResult {
  const { rows = answer, rowCount, count } = answer as { rows?: unknown; rowCount?: number | null; count?: number };
  const list = rows as QueryResult['rows'];
  return { rows: list, count: rowCount ?? count ?? list.length };
}

/** `$1` of PostgreSQL as Drizzle's template, which has parameters in place. */
async function template(sql: string, parameters: readonly unknown[]): Promise<SQL> {
  const drizzle = await import('drizzle-orm');
  const parts = sql
    .split(/\$(\d+)/)
    .map((part, index) => (index % 2 === 0 ? drizzle.sql.raw(part) : drizzle.sql`${parameters[Number(part) - 1]}`));
  return drizzle.sql.join(parts);
}

/** Drizzle on PostgreSQL. The handle is what `db.transaction` gives. */
export function fromDrizzle<Tx extends Handle>(db: Database<Tx>): Executor<Tx> {
  return {
    transaction: (work) => db.transaction(work),
    queryIn(tx): Query {
      if (typeof (tx as { rollback?: unknown }).rollback !== 'function')
        throw new NotATransaction('the tx that db.transaction(async (tx) => …) gives');
      return async (sql, parameters) => resultOf(await tx.execute(await template(sql, parameters)));
    },
  };
}
