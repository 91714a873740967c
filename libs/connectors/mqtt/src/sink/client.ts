import type { MillraceError } from '@millrace/kernel';
import { connect, type MqttClient } from 'mqtt';
import { tlsOptions } from '../broker/connect-socket.ts';
import type { Connection } from '../config.ts';
import { brokerError, reasonError } from '../errors.ts';

const CONNECT_MS_MAX = 5_000;
const KEEPALIVE_S = 30;

/**
 * An open connection of MQTT.js, without a session. When it breaks it stays so: the engine starts the job again from its last snapshot.
 * @throws MillraceError `mqtt.unreachable`, `mqtt.login_refused`, `mqtt.not_allowed`
 */
export function openClient(
  config: Connection,
  clientId: string,
  failed: (error: MillraceError) => void,
): Promise<MqttClient> {
  const { host, port, user, password, tls } = config;
  const what = `connect to ${host}:${port}`;
  const client = connect({
    protocol: tls === undefined ? 'mqtt' : 'mqtts',
    host,
    port,
    clientId,
    protocolVersion: 5,
    clean: true,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_MS_MAX,
    reconnectPeriod: 0,
    ...(user === undefined && password === undefined ? {} : { username: user ?? '' }),
    ...(password === undefined ? {} : { password }),
    ...tlsOptions(config),
  });
  return new Promise((resolve, reject) => {
    let isOpen = false;
    const broken = (error: MillraceError): void => {
      if (isOpen) failed(error);
      else {
        client.end(true);
        reject(error);
      }
    };
    client.once('connect', () => {
      isOpen = true;
      resolve(client);
    });
    client.on('disconnect', ({ reasonCode = 0 }) => broken(reasonError(reasonCode, 'go on')));
    client.on('error', (error) => broken(brokerError(error, isOpen ? 'write to the broker' : what)));
    client.on('close', () => broken(brokerError(new Error('the broker ended the connection'), what)));
  });
}
