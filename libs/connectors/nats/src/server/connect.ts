import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import type { Connection } from '../config.ts';
import { serverError } from '../errors.ts';

const CONNECT_MS_MAX = 5_000;
/** How long a server may be away before the job fails (and is started again later). */
const RECONNECT_WAIT_MS = 500;
const RECONNECTS_MAX = 60;

/** A connection and the JetStream of it. */
export interface Server {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  /** The answer to a request, or an error as soon as the connection breaks: then there will be none, and what became of it is unknown. */
  answer<T>(request: Promise<T>): Promise<T>;
}

/** @throws MillraceError `nats.unreachable`, `nats.login_refused` */
export async function connectTo(config: Connection, name: string): Promise<Server> {
  const { servers, user, password, token, credentials, tls } = config;
  let connection: NatsConnection | undefined;
  try {
    connection = await connect({
      servers: [...servers],
      name,
      timeout: CONNECT_MS_MAX,
      maxReconnectAttempts: RECONNECTS_MAX,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      ...(user === undefined ? {} : { user, pass: password ?? '' }),
      ...(token === undefined ? {} : { token }),
      ...(credentials === undefined
        ? {}
        : { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) }),
      ...(tls === undefined ? {} : { tls: tls.ca === undefined ? {} : { ca: tls.ca } }),
    });
    return { connection, manager: await jetstreamManager(connection), answer: answersOf(connection) };
  } catch (error) {
    await connection?.close();
    throw serverError(error, 'connect');
  }
}

function answersOf(connection: NatsConnection): Server['answer'] {
  const breaks = new Set<(error: Error) => void>();
  void (async () => {
    for await (const { type } of connection.status())
      if (type === 'disconnect') for (const fail of breaks) fail(new Error('the connection broke'));
  })();
  return async (request) => {
    const { promise: broken, reject } = Promise.withResolvers<never>();
    breaks.add(reject);
    try {
      return await Promise.race([request, broken]);
    } finally {
      breaks.delete(reject);
    }
  };
}

/** @throws MillraceError */
export async function withServer<T>(config: Connection, name: string, use: (server: Server) => Promise<T>): Promise<T> {
  const server = await connectTo(config, name);
  try {
    return await use(server);
  } finally {
    await server.connection.close();
  }
}
