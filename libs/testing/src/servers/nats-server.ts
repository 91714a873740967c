import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { natsProgram } from './nats-program.ts';

const START_WAIT_MS_MAX = 30_000;

/** A private NATS server with JetStream in a temporary directory, on a free loopback port. */
export class NatsServer extends LocalServer {
  readonly port: number;

  private constructor(port: number, directory: string) {
    super(directory);
    this.port = port;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), mkdtempSync(join(tmpdir(), 'millrace-nats-')));
    return server.begin();
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  override async up(): Promise<void> {
    await this.launch({
      name: 'nats-server',
      program: await natsProgram(),
      args: ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', join(this.directory, 'data')],
      answers: () => this.#answers(),
      waitMs: START_WAIT_MS_MAX,
    });
  }

  /** It greets whoever connects, as soon as streams are recovered. */
  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      const end = (isUp: boolean): void => {
        socket.destroy();
        resolve(isUp);
      };
      socket.once('data', (data) => end(data.toString('latin1').startsWith('INFO')));
      socket.once('error', () => end(false));
      socket.once('close', () => resolve(false));
    });
  }
}
