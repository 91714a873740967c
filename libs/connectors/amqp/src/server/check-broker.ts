import type { Finding } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { Connection } from '../config.ts';
import { NoTransactions } from '../errors.ts';
import { withBroker } from './broker.ts';

const REACHABLE: Finding = { code: 'amqp.reachable', severity: 'ok', message: 'the broker answers' };

const findingOf = ({ code, message, mend }: MillraceError, severity: Finding['severity']): Finding => ({
  code: code.code,
  severity,
  message,
  mend,
  pointer: '/hosts',
});

/**
 * What the connection lacks. It never throws for what a finding can say, and changes nothing.
 * @param needsTransactions without them nothing works; else most
 */
export async function checkBroker(config: Connection, needsTransactions = false): Promise<readonly Finding[]> {
  try {
    return await withBroker(config, 'millrace-check', async (broker) => {
      try {
        await broker.transactions();
        return [REACHABLE];
      } catch (error) {
        if (!(error instanceof MillraceError && error.code === NoTransactions)) throw error;
        return [REACHABLE, findingOf(error, needsTransactions ? 'error' : 'warning')];
      }
    });
  } catch (error) {
    if (error instanceof MillraceError) return [findingOf(error, 'error')];
    throw error;
  }
}
