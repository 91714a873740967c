import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { mosquittoProgram } from './mosquitto-program.ts';

const START_WAIT_MS_MAX = 30_000;
/** It drops its rights, so that its files must be anybody's. */
const ANYBODY = 0o777;

export interface MosquittoOptions {
  /** Lines of its configuration beside the defaults. */
  readonly settings?: readonly string[];
  /** Files beside its configuration, by name: `DIR` in a setting stands for their folder. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * A private Mosquitto in a temporary directory, on a free loopback port. It takes anybody, has as many messages in flight and in queues as clients want, and
 * saves what it holds when it is stopped; of what is killed it keeps nothing, unless settings say otherwise.
 */
export class MosquittoServer extends LocalServer {
  readonly port: number;
  readonly #options: MosquittoOptions;

  private constructor(port: number, directory: string, options: MosquittoOptions) {
    super(directory);
    this.port = port;
    this.#options = options;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(options: MosquittoOptions = {}): Promise<MosquittoServer> {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-mosquitto-'));
    const server = new MosquittoServer(await freePort(), directory, options);
    return server.begin();
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  override async up(): Promise<void> {
    const { settings = ['allow_anonymous true'], files = {} } = this.#options;
    chmodSync(this.directory, ANYBODY);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.directory, name), text);
    const configuration = join(this.directory, 'mosquitto.conf');
    const lines = [
      `listener ${this.port} 127.0.0.1`,
      'persistence true',
      `persistence_location ${this.directory}/`,
      'max_inflight_messages 0',
      'max_queued_messages 0',
      'set_tcp_nodelay true',
      ...settings.map((line) => line.replaceAll('DIR', this.directory)),
    ];
    writeFileSync(configuration, `${lines.join('\n')}\n`);
    await this.launch({
      name: 'Mosquitto',
      program: await mosquittoProgram(),
      args: ['-c', configuration],
      answers: () => this.#answers(),
      waitMs: START_WAIT_MS_MAX,
    });
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      const end = (isUp: boolean): void => {
        socket.destroy();
        resolve(isUp);
      };
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
    });
  }
}
