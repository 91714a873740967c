import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { redisProgram } from './redis-program.ts';

const START_WAIT_MS_MAX = 30_000;

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
export class RedisServer extends LocalServer {
  readonly port: number;
  readonly #program: string;
  readonly #settings: Readonly<Record<string, string>>;

  private constructor(port: number, directory: string, program: string, settings: Readonly<Record<string, string>>) {
    super(directory);
    this.port = port;
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
    return server.begin();
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  override async up(): Promise<void> {
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => [`--${name}`, value]);
    await this.launch({
      name: 'Redis',
      program: this.#program,
      args: ['--port', String(this.port), '--dir', this.directory, ...settings],
      answers: () => this.#answers(),
      waitMs: START_WAIT_MS_MAX,
    });
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
}
