import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MillraceError, systemClock } from '@millrace/kernel';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { GuardedProcess, ServerDidNotStart } from './guarded-process.ts';
import { redisProgram } from './redis-program.ts';

const START_WAIT_MS_MAX = 30_000;
const POLL_MS = 30;

export interface RedisOptions {
  /** Settings beside the defaults, as `name: value`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly port?: number;
}

/** What an exactly-once job needs: every acknowledged write is on disk. */
const DEFAULTS: Readonly<Record<string, string>> = {
  bind: '127.0.0.1',
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
  'maxmemory-policy': 'noeviction',
};

/** A private Redis or Valkey in a temporary directory, on a free loopback port. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  readonly #program: string;
  readonly #settings: Readonly<Record<string, string>>;
  #process: GuardedProcess | undefined;

  private constructor(port: number, directory: string, program: string, settings: Readonly<Record<string, string>>) {
    this.port = port;
    this.directory = directory;
    this.#program = program;
    this.#settings = settings;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const program = await redisProgram();
    const directory = mkdtempSync(join(tmpdir(), 'millrace-redis-'));
    const server = new RedisServer(options.port ?? (await freePort()), directory, program, {
      ...DEFAULTS,
      ...options.settings,
    });
    try {
      await server.up();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Process id of the server. */
  get pid(): number {
    if (this.#process === undefined) throw new Error('the server is down');
    return this.#process.pid;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts the server on its data and waits until it answers. */
  async up(): Promise<void> {
    const logFile = join(this.directory, 'server.log');
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => [`--${name}`, value]);
    this.#process = await GuardedProcess.start({
      program: this.#program,
      args: ['--port', String(this.port), '--dir', this.directory, ...settings],
      stopSignal: 'TERM',
      logFile,
      leftover: this.directory,
    });
    const deadline = systemClock.monotonicMs() + START_WAIT_MS_MAX;
    while (!(await this.#answers())) {
      if (this.#process.hasExited || systemClock.monotonicMs() > deadline) {
        const log = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
        throw new MillraceError(ServerDidNotStart, { message: `Redis did not start: ${log}` });
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  async #answers(): Promise<boolean> {
    const client = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.ping()) === 'PONG';
    } catch {
      return false;
    } finally {
      client.disconnect();
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
