import { type Api, createClient } from '@millrace/sdk/client';
import type { Command } from 'commander';
import { API_DEFAULT, RestClient } from '../rest-client.ts';
import { keyInFile, savedKey } from './saved-keys.ts';

export interface ApiOptions {
  readonly api: string;
  readonly keyFile?: string;
}

/** Options of every command that calls the API. */
export const withApi = (command: Command, environment: NodeJS.ProcessEnv): Command =>
  command
    .option('--api <url>', 'address of the API (or MILLRACE_API)', environment['MILLRACE_API'] ?? API_DEFAULT)
    .option('--key-file <file>', 'file with an API key (or the key in MILLRACE_API_KEY, or one saved with --save)');

/** The key of `--key-file`, of MILLRACE_API_KEY, or the one that was saved for this API; none while it asks for none. */
async function keyFor({ api, keyFile }: ApiOptions, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const given = keyFile === undefined ? environment['MILLRACE_API_KEY']?.trim() : await keyInFile(keyFile);
  return given || (await savedKey(api, environment));
}

/** @param show told each request as a `curl` line */
export async function restClient(
  options: ApiOptions,
  environment: NodeJS.ProcessEnv,
  show: (line: string) => void = () => undefined,
): Promise<RestClient> {
  return new RestClient(options.api, show, await keyFor(options, environment));
}

/** The client of the SDK; repeats what may be repeated. */
export const sdkClient = async (options: ApiOptions, environment: NodeJS.ProcessEnv): Promise<Api> =>
  createClient({ baseUrl: options.api, apiKey: await keyFor(options, environment) });
