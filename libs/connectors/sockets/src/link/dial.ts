import { once } from 'node:events';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { AddressPolicy, guardedLookup } from '@millrace/connector-contract';
import { type Connection, remotePlace } from '../config.ts';
import { addressRefused, connectionError } from '../errors.ts';
import { secureContextOf } from './secure-context.ts';

const CONNECT_MS_MAX = 10_000;

/**
 * Connects, to an allowed address only. The socket is paused.
 * @throws MillraceError `sockets.unreachable`, `sockets.address_refused`, `sockets.certificate_refused`, `sockets.certificate_malformed`; the reason of the signal
 */
export async function dial(config: Connection, allowHalfOpen: boolean, signal: AbortSignal): Promise<Socket> {
  const { host, port } = remotePlace(config.connect!)!;
  const policy = new AddressPolicy(config.allow);
  // A literal address is connected to without a look-up.
  if (isIP(host) !== 0 && !policy.allows(host)) throw addressRefused(host, host);
  const to = { host, port, allowHalfOpen, noDelay: true, keepAlive: true };
  const secureContext = secureContextOf(config);
  const name = config.tls?.serverName ?? (isIP(host) === 0 ? host : undefined);
  const lookup = guardedLookup(policy, addressRefused);
  const socket =
    secureContext === undefined
      ? connectPlain({ ...to, lookup })
      : connectSecurely({ ...to, lookup, secureContext, ...(name === undefined ? {} : { servername: name }) });
  socket.pause();
  try {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS_MAX)]);
    await once(socket, secureContext === undefined ? 'connect' : 'secureConnect', { signal: inTime });
    return socket.on('error', () => {});
  } catch (error) {
    socket.on('error', () => {}).destroy();
    signal.throwIfAborted();
    throw connectionError(
      (error as Error).name === 'AbortError' ? new Error('no answer in time') : error,
      config.connect!,
    );
  }
}
