import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Connection } from '../config.ts';
import { brokerError } from '../errors.ts';

const CONNECT_MS_MAX = 5_000;

/** Options of TLS, as Node and MQTT.js take them. */
export const tlsOptions = ({ tls }: Connection) => ({
  ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
  ...(tls?.certificate === undefined ? {} : { cert: tls.certificate }),
  ...(tls?.key === undefined ? {} : { key: tls.key }),
});

/** @throws MillraceError `mqtt.unreachable` */
export function connectSocket(config: Connection): Promise<Socket> {
  const { host, port, tls } = config;
  return new Promise((resolve, reject) => {
    const socket =
      tls === undefined ? connect(port, host) : connectTls({ host, port, servername: host, ...tlsOptions(config) });
    const failed = (error: Error): void => {
      socket.destroy();
      reject(brokerError(error, `connect to ${host}:${port}`));
    };
    socket.setTimeout(CONNECT_MS_MAX, () => failed(new Error('it does not answer')));
    socket.once('error', failed);
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      socket.setTimeout(0);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}
