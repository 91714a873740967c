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
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** A client in a transaction looks the same as one that is not; a pool is known by what it can do besides. */
export const isPool = (executor: Executor): executor is ExecutorPool =>
  'connect' in executor && 'totalCount' in executor;

/**
 * Runs `work` with a client of the pool, which is closed instead of given back when `work` says that it is broken. A connection that is cut
 * between two statements is heard of by the next one.
 */
export async function withClient<T>(
  pool: ExecutorPool,
  work: (client: Executor, broken: (error: Error) => void) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let failure: Error | undefined;
  const broken = (error: Error): void => {
    failure = error;
  };
  client.on('error', broken);
  try {
    return await work(client, broken);
  } finally {
    client.removeListener('error', broken);
    client.release(failure);
  }
}

/** Runs `work` in a transaction of its own; what it throws is thrown again after the rollback. */
export const inTransaction = <T>(pool: ExecutorPool, work: (tx: Executor) => Promise<T>): Promise<T> =>
  withClient(pool, async (client, broken) => {
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(broken);
      throw error;
    }
  });
