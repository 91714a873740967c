import type { Pool, PoolClient } from 'pg';
import { type Executor, NotATransaction } from './executor.ts';

const IN_TRANSACTION = 'T';

/** Of pg from 8.17 on. */
interface WithStatus {
  getTransactionStatus?(): string | null;
}

function isInTransaction(client: PoolClient): boolean {
  if ('totalCount' in client || typeof client.query !== 'function') return false;
  const status = (client as unknown as WithStatus).getTransactionStatus?.();
  return status === undefined || status === IN_TRANSACTION;
}

/** node-postgres. The handle is a client on which `BEGIN` was sent. */
export function fromPg(pool: Pool): Executor<PoolClient> {
  return {
    async transaction(work) {
      const client = await pool.connect();
      let failure: unknown;
      try {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        failure = error;
        // A connection that cannot roll back is not given to anybody again.
        await client.query('ROLLBACK').then(
          () => {
            failure = undefined;
          },
          () => {},
        );
        throw error;
      } finally {
        client.release(failure !== undefined);
      }
    },
    queryIn(client) {
      if (!isInTransaction(client)) throw new NotATransaction('a client of the pool on which BEGIN was sent');
      return async (sql, parameters) => {
        const { rows, rowCount } = await client.query(sql, [...parameters]);
        return { rows, count: rowCount ?? rows.length };
      };
    },
  };
}
