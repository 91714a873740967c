import type { JobIdentity } from '@millrace/connector-contract';
import { type Clock, systemRandom } from '@millrace/kernel';
import type { ClusterConfig } from '../config.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';

function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/** How a job's stage names itself to the brokers. */
export const clientIdOf = ({ jobId, stage }: JobIdentity): string => `millrace-${jobId}-${stage}`;

/** The cluster that a definition's options describe. Connects when it is first asked something. */
export function clusterOf(
  config: ClusterConfig,
  { clientId, clock, signal, patienceMs }: { clientId: string; clock: Clock; signal: AbortSignal; patienceMs: number },
): Cluster {
  const { tls, tlsKey, sasl, password } = config;
  const security: ClusterOptions['security'] = {
    ...(tls === undefined ? {} : { tls: { ca: tls.ca, cert: tls.certificate, key: tlsKey } }),
    ...(sasl === undefined ? {} : { sasl: { ...sasl, password: password ?? '' } }),
  };
  const brokers = config.brokers.map(parseAddress);
  return new Cluster({ brokers, clientId, security, clock, random: systemRandom, signal, patienceMs });
}
