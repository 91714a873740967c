import type { CompiledQuery, Kysely, Transaction } from 'kysely';
import { type Executor, NotATransaction, type QueryResult } from './executor.ts';

/** Kysely. The handle is what `db.transaction().execute` gives. */
export function fromKysely<Database>(db: Kysely<Database>): Executor<Transaction<Database>> {
  return {
    transaction: (work) => db.transaction().execute(work),
    queryIn(trx) {
      if (!trx.isTransaction)
        throw new NotATransaction('the trx that db.transaction().execute(async (trx) => …) gives');
      return async (sql, parameters) => {
        const { CompiledQuery: compiled } = await import('kysely');
        const query = compiled.raw(sql, [...parameters]) as CompiledQuery<QueryResult['rows'][number]>;
        const { rows, numAffectedRows } = await trx.executeQuery(query);
        return { rows, count: Number(numAffectedRows ?? rows.length) };
      };
    },
  };
}
