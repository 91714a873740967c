import type { Finding } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { ConnectionOptions } from '../config.ts';
import { Cluster } from './cluster.ts';

/** Since these a bulk request says what it refuses as this sink reads it. */
const MAJOR_MIN: Readonly<Record<string, number>> = { opensearch: 1, elasticsearch: 7 };

interface Greeting {
  readonly version?: { readonly number?: string; readonly distribution?: string };
}

/** What the connection lacks. Changes nothing. */
export async function checkCluster(config: ConnectionOptions, signal: AbortSignal): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const cluster = new Cluster(config, 1);
  try {
    const { status, body } = await cluster.ask({ method: 'GET', path: '/', signal });
    const { number, distribution = 'elasticsearch' } = (body as Greeting | undefined)?.version ?? {};
    const least = MAJOR_MIN[distribution];
    if (status >= 300 || number === undefined || least === undefined)
      findings.push({
        code: 'opensearch.not_a_cluster',
        severity: 'error',
        message: `${cluster.origin} does not answer as OpenSearch or Elasticsearch`,
        mend: 'Correct nodes.',
        pointer: '/nodes',
      });
    else if (Number.parseInt(number, 10) < least)
      findings.push({
        code: 'opensearch.too_old',
        severity: 'error',
        message: `${distribution} ${number} is too old`,
        mend: 'Use OpenSearch, or Elasticsearch 7 or newer.',
        pointer: '/nodes',
      });
    else findings.push({ code: 'opensearch.reachable', severity: 'ok', message: `${distribution} ${number} answers` });
    const isOpen = config.nodes.some((node) => node.startsWith('http:'));
    if (isOpen && (config.password ?? config.apiKey) !== undefined)
      findings.push({
        code: 'opensearch.not_encrypted',
        severity: 'warning',
        message: 'the login goes over the network without encryption',
        mend: 'Use https where the way to the cluster is not your own.',
        pointer: '/nodes',
      });
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, mend } = error;
    findings.push({ code: code.code, severity: 'error', message, mend, pointer: '/nodes' });
  } finally {
    await cluster.close();
  }
  return findings;
}
