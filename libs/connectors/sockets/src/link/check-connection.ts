import type { Finding } from '@millrace/connector-contract';
import type { MillraceError } from '@millrace/kernel';
import type { Connection } from '../config.ts';
import { dial } from './dial.ts';
import { secureContextOf } from './secure-context.ts';

/** What a connection lacks. It connects and says nothing; of a port of the worker nothing can be said before a job has it. */
export async function checkConnection(config: Connection, signal: AbortSignal): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (config.tls === undefined)
    findings.push({
      code: 'sockets.not_encrypted',
      severity: 'warning',
      message: 'connections are not encrypted',
      mend: 'Give it tls where the way to the other end is not your own.',
      pointer: '/tls',
    });
  const isPort = config.listen !== undefined;
  try {
    if (isPort) secureContextOf(config);
    else (await dial(config, false, signal)).destroy();
    findings.push(
      isPort
        ? {
            code: 'sockets.port',
            severity: 'ok',
            message: `connections are taken at ${config.listen} of the worker that runs the job`,
          }
        : { code: 'sockets.reachable', severity: 'ok', message: `${config.connect} can be connected to` },
    );
  } catch (error) {
    const { code, message, mend } = error as MillraceError;
    findings.push({ code: code.code, severity: 'error', message, mend, pointer: isPort ? '/tls' : '/connect' });
  }
  return findings;
}
