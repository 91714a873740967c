import type { Finding } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { Connection } from '../config.ts';
import { withBroker } from './broker.ts';

export const findingOf = ({ code, message, mend, pointer }: MillraceError): Finding => ({
  code: code.code,
  severity: 'error',
  message,
  mend,
  pointer,
});

/** What the connection lacks. It never throws for what a finding can say, and changes nothing. */
export async function checkBroker(config: Connection): Promise<readonly Finding[]> {
  try {
    await withBroker(config, 'millrace-check', (broker) => broker.transactions());
    return [{ code: 'amqp.reachable', severity: 'ok', message: 'the broker answers and has transactions' }];
  } catch (error) {
    if (error instanceof MillraceError) return [{ ...findingOf(error), pointer: '/hosts' }];
    throw error;
  }
}
