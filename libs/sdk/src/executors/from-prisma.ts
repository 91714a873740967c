import { type Executor, NotATransaction, type QueryResult } from './executor.ts';

/** What of a Prisma client is used inside an interactive transaction. */
interface Handle {
  $queryRawUnsafe(sql: string, ...parameters: unknown[]): Promise<unknown>;
}

interface Client<Tx> {
  $transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** Prisma on PostgreSQL. The handle is what an interactive transaction gives: `prisma.$transaction(async (tx) => …)`. */
export function fromPrisma<Tx extends Handle>(client: Client<Tx>): Executor<Tx> {
  return {
    transaction: (work) => client.$transaction(work),
    queryIn(tx) {
      // Of Prisma 7 a transaction can begin another one within; in no version can it connect.
      if (typeof (tx as { $connect?: unknown }).$connect === 'function')
        throw new NotATransaction('the tx that prisma.$transaction(async (tx) => …) gives');
      return async (sql, parameters) => {
        const rows = (await tx.$queryRawUnsafe(sql, ...parameters)) as QueryResult['rows'];
        return { rows, count: rows.length };
      };
    },
  };
}
