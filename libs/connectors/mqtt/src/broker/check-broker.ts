import type { Finding } from '@millrace/connector-contract';
import { MillraceError, systemClock, ulids } from '@millrace/kernel';
import type { Connection } from '../config.ts';
import { Session } from './session.ts';

/** What the connection lacks. It never throws for what a finding can say, and changes nothing. */
export async function checkBroker(config: Connection): Promise<readonly Finding[]> {
  const ignore = (): void => {};
  try {
    const session = await Session.open({
      config,
      clientId: `millrace-check-${ulids.next().toLowerCase()}`,
      sessionSeconds: 0,
      receiveMaximum: 1,
      clock: systemClock,
      published: ignore,
      released: ignore,
      failed: ignore,
    });
    await session.close();
    const message = `${config.host}:${config.port} answers, and speaks MQTT 5`;
    return [{ code: 'mqtt.reachable', severity: 'ok', message }];
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return [{ code: error.code.code, severity: 'error', message: error.message, mend: error.mend, pointer: '/host' }];
  }
}
