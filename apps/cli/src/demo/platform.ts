import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, PostgresServer, RedisServer, type TestDatabase } from '@millrace/testing';
import { RestClient } from '../rest-client.ts';
import { AppProcess } from './processes.ts';

/** Everything of Millrace on this machine, in one process tree that ends with this process. */
export interface Platform extends AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly api: AppProcess;
  readonly workers: readonly AppProcess[];
  readonly rest: RestClient;
  readonly apiUrl: string;
  readonly logs: string;
}

export interface PlatformOptions {
  readonly workers: number;
  readonly show: (line: string) => void;
  readonly workerEnv?: NodeJS.ProcessEnv;
  /** For API and workers. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts PostgreSQL, Redis, the API and workers and waits until they are ready. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const stack = new AsyncDisposableStack();
  try {
    const logs = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
    stack.defer(() => rmSync(logs, { recursive: true, force: true }));
    const started = performance.now();
    const servers = await Promise.allSettled([PostgresServer.start(), RedisServer.start()]);
    for (const server of servers) if (server.status === 'fulfilled') stack.use(server.value as AsyncDisposable);
    const [postgresStart, redisStart] = servers;
    if (postgresStart.status === 'rejected') throw postgresStart.reason;
    if (redisStart.status === 'rejected') throw redisStart.reason;
    const [postgres, redis] = [postgresStart.value, redisStart.value];
    const [source, target, metadata] = await Promise.all([
      postgres.createDatabase('shop'),
      postgres.createDatabase('warehouse'),
      postgres.createDatabase('millrace'),
    ]);
    options.show(`PostgreSQL and Redis are up (${((performance.now() - started) / 1_000).toFixed(1)} s)`);

    const port = await freePort();
    const env: NodeJS.ProcessEnv = {
      MILLRACE_DATABASE_URL: metadata.url,
      MILLRACE_REDIS_URL: redis.url,
      MILLRACE_SECRET_KEY: randomBytes(32).toString('base64'),
      MILLRACE_PORT: String(port),
      ...options.env,
    };
    const apiUrl = `http://127.0.0.1:${port}`;
    const rest = new RestClient(apiUrl, options.show);
    const api = new AppProcess('api', env, join(logs, 'api.log'));
    const workers = Array.from(
      { length: options.workers },
      (_, index) => new AppProcess('worker', { ...env, ...options.workerEnv }, join(logs, `worker-${index + 1}.log`)),
    );
    for (const app of [api, ...workers]) stack.defer(() => app.stop());
    await Promise.all([api.start(), ...workers.map((worker) => worker.start())]);
    await api.ready(() => rest.isReady());
    options.show(
      `API and ${options.workers === 1 ? 'worker' : `${options.workers} workers`} are up (${((performance.now() - started) / 1_000).toFixed(1)} s)`,
    );
    const owned = stack.move();
    return {
      postgres,
      redis,
      source,
      target,
      api,
      workers,
      rest,
      apiUrl,
      logs,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
