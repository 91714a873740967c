import { execFile } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MillraceError, systemClock } from '@millrace/kernel';
import { createConnection } from 'mysql2/promise';
import { freePort } from './free-port.ts';
import { GuardedProcess, ServerDidNotStart } from './guarded-process.ts';
import { createMariadbDatabase, type MariadbDatabase } from './mariadb-database.ts';
import { type MariadbPrograms, mariadbPrograms } from './mariadb-programs.ts';
import { serverUid } from './postgres-programs.ts';

const run = promisify(execFile);
const START_WAIT_MS_MAX = 60_000;
const POLL_MS = 30;

/** `nosync`: safe against a crash of the process, not of the machine. */
const SETTINGS = ['--innodb-flush-method=nosync', '--skip-name-resolve'];

/** A private MariaDB in a temporary directory, on a free loopback port, administrator `root` without password. */
export class MariadbServer implements AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  readonly #programs: MariadbPrograms;
  #process: GuardedProcess | undefined;

  private constructor(port: number, directory: string, programs: MariadbPrograms) {
    this.port = port;
    this.directory = directory;
    this.#programs = programs;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(): Promise<MariadbServer> {
    const programs = await mariadbPrograms();
    const directory = mkdtempSync(join(tmpdir(), 'millrace-mariadb-'));
    const uid = serverUid();
    if (uid !== undefined) chownSync(directory, uid, uid);
    const server = new MariadbServer(await freePort(), directory, programs);
    try {
      const args = ['--no-defaults', ...server.#folders, '--skip-test-db', ...SETTINGS];
      await run(programs.install, [...args, '--auth-root-authentication-method=normal'], {
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
    return `mysql://root@127.0.0.1:${this.port}`;
  }

  /** A fresh database on this server. */
  createDatabase(prefix?: string): Promise<MariadbDatabase> {
    return createMariadbDatabase(this.url, prefix);
  }

  /** Starts the server on its data and waits until it answers. */
  async up(): Promise<void> {
    const logFile = join(this.directory, 'server.log');
    this.#process = await GuardedProcess.start({
      program: this.#programs.server,
      args: [
        '--no-defaults',
        ...this.#folders,
        `--port=${this.port}`,
        '--bind-address=127.0.0.1',
        `--socket=${join(this.directory, 'socket')}`,
        `--pid-file=${join(this.directory, 'pid')}`,
        ...SETTINGS,
      ],
      stopSignal: 'TERM',
      logFile,
      leftover: this.directory,
      uid: serverUid(),
    });
    const deadline = systemClock.monotonicMs() + START_WAIT_MS_MAX;
    while (!(await this.#answers())) {
      if (this.#process.hasExited || systemClock.monotonicMs() > deadline) {
        const log = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
        throw new MillraceError(ServerDidNotStart, { message: `MariaDB did not start: ${log}` });
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  /** Also for temporary tables: a server that starts removes those of all others in the folder. */
  get #folders(): readonly string[] {
    return [`--datadir=${join(this.directory, 'data')}`, `--tmpdir=${this.directory}`];
  }

  async #answers(): Promise<boolean> {
    try {
      await (await createConnection({ uri: this.url })).end();
      return true;
    } catch {
      return false;
    }
  }

  /** Ends the server; data stays for `up`. */
  async down(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#process?.signal(signal);
    await this.#process?.gone();
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
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
