import type { DataSource, EntityManager } from 'typeorm';
import { type Executor, NotATransaction, type QueryResult } from './executor.ts';

/** TypeORM. The handle is the `EntityManager` that `dataSource.transaction` gives. */
export function fromTypeOrm(dataSource: DataSource): Executor<EntityManager> {
  return {
    transaction: (work) => dataSource.transaction(work),
    queryIn(manager) {
      const runner = manager.queryRunner;
      if (runner?.isTransactionActive !== true)
        throw new NotATransaction('the manager that dataSource.transaction(async (manager) => …) gives');
      return async (sql, parameters) => {
        const { records, affected } = await runner.query(sql, [...parameters], true);
        const rows = (records ?? []) as QueryResult['rows'];
        return { rows, count: affected ?? rows.length };
      };
    },
  };
}
