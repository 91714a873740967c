import { execFile } from 'node:child_process';
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { freePort } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { createMariadbDatabase, type MariadbDatabase } from './mariadb-database.ts';
import { type MariadbPrograms, mariadbPrograms } from './mariadb-programs.ts';
import { serverUid } from './postgres-programs.ts';

const run = promisify(execFile);
const START_WAIT_MS_MAX = 60_000;

/** `nosync`: safe against a crash of the process, not of the machine. */
const SETTINGS = ['--innodb-flush-method=nosync', '--skip-name-resolve'];

/** A private MariaDB in a temporary directory, on a free loopback port, administrator `root` without password. */
export class MariadbServer extends LocalServer {
  readonly port: number;
  readonly #programs: MariadbPrograms;

  private constructor(port: number, directory: string, programs: MariadbPrograms) {
    super(directory);
    this.port = port;
    this.#programs = programs;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(): Promise<MariadbServer> {
    const programs = await mariadbPrograms();
    const directory = mkdtempSync(join(tmpdir(), 'millrace-mariadb-'));
    const uid = serverUid();
    if (uid !== undefined) chownSync(directory, uid, uid);
    const server = new MariadbServer(await freePort(), directory, programs);
    const args = ['--no-defaults', ...server.#folders, '--skip-test-db', ...SETTINGS];
    return server.begin(() =>
      run(programs.install, [...args, '--auth-root-authentication-method=normal'], {
        ...(uid === undefined ? {} : { uid, gid: uid }),
      }),
    );
  }

  get url(): string {
    return `mysql://root@127.0.0.1:${this.port}`;
  }

  /** A fresh database on this server. */
  createDatabase(prefix?: string): Promise<MariadbDatabase> {
    return createMariadbDatabase(this.url, prefix);
  }

  override async up(): Promise<void> {
    await this.launch({
      name: 'MariaDB',
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
      uid: serverUid(),
      answers: () => this.#answers(),
      waitMs: START_WAIT_MS_MAX,
    });
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
}
