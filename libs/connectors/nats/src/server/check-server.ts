import type { Finding } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { Connection } from '../config.ts';
import { serverError } from '../errors.ts';
import { withServer } from './connect.ts';

/** Atomic batches came with it. */
const MINOR_MIN = 12;

export const findingOf = ({ code, message, mend, pointer }: MillraceError): Finding => ({
  code: code.code,
  severity: 'error',
  message,
  mend,
  pointer,
});

/** What the connection lacks. It never throws for what a finding can say, and changes nothing. */
export async function checkServer(config: Connection): Promise<readonly Finding[]> {
  try {
    return await withServer(config, 'millrace-check', async ({ connection, manager }) => {
      const { version } = connection.info!;
      await manager.getAccountInfo().catch((error: unknown) => {
        throw serverError(error, 'use JetStream');
      });
      const message = `the server answers, has version ${version} and JetStream`;
      return [{ code: 'nats.reachable', severity: 'ok', message }, ...ageOf(version)];
    });
  } catch (error) {
    if (error instanceof MillraceError) return [{ ...findingOf(error), pointer: '/servers' }];
    throw error;
  }
}

function ageOf(version: string): Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 2 || (major === 2 && minor >= MINOR_MIN)) return [];
  const message = `version ${version} has no atomic batches, which a sink needs`;
  const mend = `Use nats-server 2.${MINOR_MIN} or newer for sinks; sources work.`;
  return [{ code: 'nats.server_old', severity: 'warning', message, mend, pointer: '/servers' }];
}
