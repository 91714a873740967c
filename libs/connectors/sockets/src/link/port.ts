import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { listenPlace } from '@millrace/connector-contract';
import { cannotListen, fenced } from '../errors.ts';
import { endSocket } from './end-socket.ts';
import type { Link, LinkOptions } from './link.ts';
import { secureContextOf } from './secure-context.ts';

const HANDSHAKE_MS_MAX = 10_000;

/** The ports of this thread. */
const ports = new Map<string, Port>();

/** A port of the worker. An older execution of the same job in this thread gives it up; for anybody else's it waits, as the job is started again. */
export class Port implements Link {
  readonly #options: LinkOptions;
  readonly #who: string;
  /** Accepted. */
  readonly #sockets = new Set<Socket>();
  /** Handed over; of TLS they are not the ones that were accepted. */
  readonly #ready = new Set<Socket>();
  #server: Server | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#who = `${options.job.jobId}\0${options.job.stage}`;
  }

  get #listen(): string {
    return this.#options.config.listen!;
  }

  async open(): Promise<void> {
    const server = this.#makeServer();
    const { metrics, generation } = this.#options.context;
    metrics.set('connections', 0);
    const there = ports.get(this.#listen);
    if (there !== undefined && there.#who === this.#who && there.#options.context.generation < generation) {
      there.#options.failed(fenced(this.#listen));
      await there.close();
    }
    server.maxConnections = this.#options.config.connections;
    server.on('drop', () => metrics.add('connectionsRefused', 1));
    server.on('connection', (socket: Socket) => this.#admit(socket));
    try {
      server.listen(listenPlace(this.#listen)!);
      await once(server, 'listening');
    } catch (error) {
      throw cannotListen(this.#listen, error);
    }
    this.#server = server;
    ports.set(this.#listen, this);
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    if (ports.get(this.#listen) === this) ports.delete(this.#listen);
    const closed = new Promise((resolve) => server.close(resolve));
    await Promise.all([...this.#ready].map(endSocket));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #makeServer(): Server {
    const { config, allowHalfOpen, connected, context } = this.#options;
    const options = { allowHalfOpen, noDelay: true, keepAlive: true };
    const secureContext = secureContextOf(config);
    const ready = (socket: Socket): void => {
      this.#ready.add(socket.on('error', () => {}).once('close', () => this.#ready.delete(socket)));
      connected(socket.pause());
    };
    if (secureContext === undefined) return createServer(options, ready);
    const server = createSecureServer({
      ...options,
      secureContext,
      ...(config.tls?.ca === undefined ? {} : { ca: config.tls.ca }),
      cert: config.tls!.certificate!,
      key: config.tlsKey!,
      requestCert: config.tls?.ca !== undefined,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_MS_MAX,
    });
    server.on('tlsClientError', () => context.metrics.add('connectionsRefused', 1));
    return server.on('secureConnection', ready);
  }

  #admit(socket: Socket): void {
    const { metrics } = this.#options.context;
    this.#sockets.add(socket.on('error', () => {}));
    metrics.set('connections', this.#sockets.size);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      metrics.set('connections', this.#sockets.size);
    });
  }
}
