import { AddressPolicy, type Finding } from '@millrace/connector-contract';
import { type MillraceError, parseDurationMs } from '@millrace/kernel';
import { guardedConnector } from '../address/guarded-connector.ts';
import { connectionError } from '../errors.ts';
import { signingKey } from '../signature/standard-webhooks.ts';
import type { ReceiverConfig } from './config.ts';

/** Connects and says nothing: a request could be taken for an event. */
function connectTo({ url, allow, ca, timeout }: ReceiverConfig, signal: AbortSignal): Promise<void> {
  const { hostname, port, protocol, host } = new URL(url);
  const timeoutMs = parseDurationMs(timeout)!;
  const connect = guardedConnector(new AddressPolicy(allow), { timeoutMs, ca });
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    connect({ hostname, port, protocol, host, servername: hostname }, (error, socket) => {
      socket?.destroy();
      if (error === null) resolve();
      else reject(error);
    });
  });
}

const failed = ({ code, message, mend }: MillraceError, pointer: string): Finding => ({
  code: code.code,
  severity: 'error',
  message,
  mend,
  pointer,
});

/** What a receiver lacks, without sending it anything. */
export async function checkReceiver(config: ReceiverConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  const { origin, protocol } = new URL(config.url);
  const findings: Finding[] = [];
  for (const name of ['secret', 'previousSecret'] as const) {
    const secret = config[name];
    try {
      if (secret !== undefined) signingKey(secret);
    } catch (error) {
      findings.push(failed(error as MillraceError, `/${name}`));
    }
  }
  if (config.secret === undefined && config.authorization === undefined)
    findings.push({
      code: 'http.unsigned',
      severity: 'warning',
      message: 'the receiver cannot tell that requests are from here: they are neither signed nor authorized',
      mend: 'Give the sink a secret, and have the receiver check the signature.',
      pointer: '/secret',
    });
  if (protocol === 'http:')
    findings.push({
      code: 'http.not_encrypted',
      severity: 'warning',
      message: `${origin} is reached without encryption`,
      mend: 'Use https where the way to the receiver is not your own.',
      pointer: '/url',
    });
  try {
    await connectTo(config, signal);
    findings.push({ code: 'http.reachable', severity: 'ok', message: `${origin} can be connected to` });
  } catch (error) {
    findings.push(failed(connectionError(error, origin), '/url'));
  }
  return findings;
}
