/**
 * Whatever runs SQL: a `pg` pool, a client in a transaction, or an adapter of an ORM's transaction. What is passed decides in
 * which transaction the work happens, so it is the first argument everywhere.
 */
export interface Executor {
  query(sql: string, params?: readonly unknown[]): Promise<{ readonly rows: readonly object[] }>;
}

/** A `pg` pool, as far as it is needed here: each transaction takes a client. */
export interface ExecutorPool extends Executor {
  connect(): Promise<PooledExecutor>;
}

export interface PooledExecutor extends Executor {
  /** Gives the client back; with an error it is closed instead. */
  release(error?: Error | boolean): void;
}

/** A client in a transaction looks the same as one that is not; a pool is known by what it can do besides. */
export const isPool = (executor: Executor): executor is ExecutorPool =>
  'connect' in executor && 'totalCount' in executor;

/** Runs `work` in a transaction of its own; what it throws is thrown again after the rollback. */
export async function inTransaction<T>(pool: ExecutorPool, work: (tx: Executor) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((cause: Error) => {
      broken = cause;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
