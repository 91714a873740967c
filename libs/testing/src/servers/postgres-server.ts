import { execFile } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MillraceError, systemClock } from '@millrace/kernel';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { GuardedProcess, ServerDidNotStart } from './guarded-process.ts';
import { postgresPrograms, serverUid } from './postgres-programs.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

const run = promisify(execFile);
const START_WAIT_MS_MAX = 30_000;
const POLL_MS = 30;

export interface PostgresOptions {
  /** Settings beside the defaults, as `name: value`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Keep data safe against a crash of the machine, not only of the process. Slower; for benchmarks. Default `false`. */
  readonly fsync?: boolean;
  /** Fixed port; otherwise a free one. */
  readonly port?: number;
}

const DEFAULTS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  wal_level: 'logical',
  max_replication_slots: '64',
  max_wal_senders: '64',
  max_connections: '200',
  shared_buffers: '128MB',
  // Nothing here needs to be woken for autovacuum every minute, but bloat under the demo's traffic does.
  autovacuum_naptime: '10s',
};

/** A private PostgreSQL in a temporary directory, on a free loopback port, superuser `postgres` without password. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #programs: string;
  #process: GuardedProcess | undefined;

  private constructor(port: number, directory: string, programs: string, settings: Readonly<Record<string, string>>) {
    this.port = port;
    this.directory = directory;
    this.#programs = programs;
    this.#settings = settings;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const programs = postgresPrograms();
    const directory = mkdtempSync(join(tmpdir(), 'millrace-pg-'));
    const uid = serverUid();
    const data = join(directory, 'data');
    mkdirSync(data, { mode: 0o700 });
    if (uid !== undefined) for (const path of [directory, data]) chownSync(path, uid, uid);
    const settings = {
      ...DEFAULTS,
      ...(options.fsync ? {} : { fsync: 'off', full_page_writes: 'off' }),
      ...options.settings,
    };
    const server = new PostgresServer(options.port ?? (await freePort()), directory, programs, settings);
    try {
      const args = ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'];
      await run(join(programs, 'initdb'), args, {
        env: { ...process.env, LC_ALL: 'C' },
        ...(uid === undefined ? {} : { uid, gid: uid }),
      });
      await server.up();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /** Process id of the postmaster. */
  get pid(): number {
    if (this.#process === undefined) throw new Error('the server is down');
    return this.#process.pid;
  }

  /** A fresh database on this server. */
  createDatabase(prefix?: string): Promise<TestDatabase> {
    return createTestDatabase(this.url, prefix);
  }

  /** Starts the server on its data and waits until it answers. */
  async up(): Promise<void> {
    const deadline = systemClock.monotonicMs() + START_WAIT_MS_MAX;
    for (;;) {
      const logged = this.#log().length;
      this.#process = await this.#spawn();
      while (!this.#process.hasExited && systemClock.monotonicMs() < deadline) {
        if (await this.#answers()) return;
        await systemClock.sleep(POLL_MS);
      }
      const log = this.#log().slice(logged);
      // After a SIGKILL of the postmaster its backends live on until they notice; PostgreSQL does not start beside them.
      if (log.includes('shared memory block') && systemClock.monotonicMs() < deadline) continue;
      const end = log.trim().split('\n').slice(-5).join('\n');
      throw new MillraceError(ServerDidNotStart, { message: `PostgreSQL did not start: ${end}` });
    }
  }

  #log(): string {
    try {
      return readFileSync(this.#logFile, 'utf8');
    } catch {
      return '';
    }
  }

  get #logFile(): string {
    return join(this.directory, 'server.log');
  }

  #spawn(): Promise<GuardedProcess> {
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return GuardedProcess.start({
      program: join(this.#programs, 'postgres'),
      args: ['-D', join(this.directory, 'data'), '-p', String(this.port), '-k', this.directory, ...settings],
      stopSignal: 'INT',
      logFile: this.#logFile,
      leftover: this.directory,
      uid: serverUid(),
      env: { ...process.env, LC_ALL: 'C' },
    });
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Ends the server: `SIGINT` fast shutdown, `SIGQUIT` immediate, `SIGKILL` crash. Data stays for `up`. */
  async down(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    this.#process?.signal(signal);
    await this.#process?.gone();
  }

  async restart(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    await this.down(signal);
    await this.up();
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
