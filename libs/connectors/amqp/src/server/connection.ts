import { isIP, type Socket } from 'node:net';
import { type MillraceError, systemClock } from '@millrace/kernel';
import rhea, { type Connection as AmqpConnection, type ConnectionOptions, type EventContext } from 'rhea';
import type { Connection } from '../config.ts';
import { brokerError } from '../errors.ts';

const CONNECT_MS_MAX = 10_000;
const CLOSE_MS_MAX = 2_000;

/** The library's own words for ends that no peer has explained. */
const reasonOf = (context: EventContext): unknown =>
  context.connection?.error ?? context.error ?? new Error('the connection ended');

function optionsOf({ user, password, tls, tlsKey, virtualHost, idleTimeoutMs }: Connection, name: string): object {
  const login =
    user !== undefined
      ? { username: user, password: password ?? '' }
      : tls?.certificate !== undefined
        ? { enable_sasl_external: true }
        : // The library takes a user without a password for somebody who wants to be anonymous.
          { username: 'anonymous' };
  const secure = {
    transport: 'tls',
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.certificate === undefined ? {} : { cert: tls.certificate, key: tlsKey }),
  };
  return {
    ...login,
    ...(tls === undefined ? {} : secure),
    ...(virtualHost === undefined ? {} : { hostname: virtualHost }),
    container_id: name,
    idle_time_out: idleTimeoutMs,
    reconnect: false,
    tcp_no_delay: true,
  };
}

/** @throws MillraceError `amqp.unreachable`, `amqp.login_refused` when no host answers */
export async function openConnection(config: Connection, name: string, signal?: AbortSignal): Promise<AmqpConnection> {
  let failure: MillraceError | undefined;
  for (const host of config.hosts) {
    signal?.throwIfAborted();
    try {
      return await openAt(host, optionsOf(config, name));
    } catch (error) {
      failure = brokerError(error, `connect to ${host}`);
      // Another one would say the same, and lock the user out.
      if (failure.code.code === 'amqp.login_refused') break;
    }
  }
  throw failure!;
}

function openAt(host: string, options: object): Promise<AmqpConnection> {
  const at = host.lastIndexOf(':');
  const address = { host: host.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(host.slice(at + 1)) };
  // There are no names of addresses in TLS.
  const servername = isIP(address.host) === 0 ? address.host : '';
  const opened = Promise.withResolvers<AmqpConnection>();
  const container = rhea.create_container();
  const connection = container.create_connection({ ...address, servername, ...options } as ConnectionOptions);
  const cancel = systemClock.timer(CONNECT_MS_MAX, () => fail(new Error('it did not answer in time')));
  const fail = (error: unknown): void => {
    opened.reject(error);
    void closeConnection(connection);
  };
  // Without listeners the library throws, or writes to the console.
  for (const event of ['connection_error', 'connection_close', 'disconnected', 'protocol_error', 'error'])
    connection.on(event, (context: EventContext | Error) =>
      fail(context instanceof Error ? context : reasonOf(context)),
    );
  container.on('error', fail);
  connection.once('connection_open', () => opened.resolve(connection));
  connection.connect();
  return opened.promise.finally(cancel);
}

/** Calls `ended` once the connection is over, for whatever reason. */
export function whenEnded(connection: AmqpConnection, ended: (error: unknown) => void): void {
  for (const event of ['connection_error', 'session_error', 'disconnected', 'protocol_error', 'error'])
    connection.on(event, (context: EventContext | Error) =>
      ended(context instanceof Error ? context : (context.session?.error ?? reasonOf(context))),
    );
  connection.on('connection_close', (context: EventContext) => ended(reasonOf(context)));
}

/** What the library keeps to itself. */
interface Inside {
  readonly socket?: Socket;
  readonly heartbeat_in?: NodeJS.Timeout;
}

/** Says good-bye, and does not wait for long until the peer does. */
export async function closeConnection(connection: AmqpConnection): Promise<void> {
  const inside = connection as unknown as Inside;
  const { socket } = inside;
  if (socket === undefined) return;
  if (!socket.destroyed) {
    const closed = Promise.withResolvers<void>();
    socket.once('close', () => closed.resolve());
    const cancel = systemClock.timer(CLOSE_MS_MAX, () => closed.resolve());
    if (connection.is_open()) connection.close();
    else socket.destroy();
    await closed.promise;
    cancel();
    socket.destroy();
  }
  // It starts to wait for the peer once more behind the last frame, and would keep the process for twice the idle time-out.
  await new Promise(setImmediate);
  clearTimeout(inside.heartbeat_in);
}
