import { PostgresServer, RedisServer, type TestDatabase } from '@millrace/testing';

export interface BenchServers extends AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly database: TestDatabase;
}

/** Settings of the published baselines: everything durable, no checkpoint during a run. */
export async function startBenchServers(): Promise<BenchServers> {
  const stack = new AsyncDisposableStack();
  const postgres = stack.use(
    await PostgresServer.start({
      fsync: true,
      settings: {
        shared_buffers: '1GB',
        max_wal_size: '40GB',
        checkpoint_timeout: '1h',
        logical_decoding_work_mem: '64MB',
      },
    }),
  );
  const redis = stack.use(await RedisServer.start());
  const database = await postgres.createDatabase('bench');
  return { postgres, redis, database, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

export async function serverVersion(database: TestDatabase): Promise<string> {
  const [row] = await database.query<{ server_version: string }>('show server_version');
  return row!.server_version;
}
