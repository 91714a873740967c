import { readFileSync } from 'node:fs';
import type { TestDatabase } from '@millrace/testing';
import type { RestClient } from '../../../apps/cli/src/rest-client.ts';

interface Document {
  readonly name: string;
  readonly config: object;
}

interface Configuration {
  readonly sources: readonly Document[];
  readonly sinks: readonly Document[];
  readonly jobs: readonly { readonly name: string }[];
}

/** What the platform is told: `millrace.json`, with the addresses of this machine's servers in it. */
export const configuration = JSON.parse(
  readFileSync(new URL('../millrace.json', import.meta.url), 'utf8'),
) as Configuration;

function addressOf({ connection: { password, ...connection } }: TestDatabase): object {
  return { ...connection, ...(password === undefined ? {} : { password }) };
}

export async function registerSources(
  rest: RestClient,
  databases: Readonly<Record<string, TestDatabase>>,
): Promise<void> {
  for (const { name, config, ...source } of configuration.sources)
    await rest.post('sources', { ...source, name, config: { ...config, ...addressOf(databases[name]!) } });
}

export async function registerJobs(rest: RestClient, brokers: string): Promise<void> {
  for (const sink of configuration.sinks)
    await rest.post('sinks', { ...sink, config: { brokers: brokers.split(',') } });
  for (const job of configuration.jobs) await rest.post('jobs', job);
}
