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

/** Calls with the key of `--key-file`, of MILLRACE_API_KEY, or the one that was saved for this API; with none while it asks for none. */
export async function restClient(
  { api, keyFile }: ApiOptions,
  environment: NodeJS.ProcessEnv,
  show: (line: string) => void = () => undefined,
): Promise<RestClient> {
  const given = keyFile === undefined ? environment['MILLRACE_API_KEY']?.trim() : await keyInFile(keyFile);
  return new RestClient(api, show, given || (await savedKey(api, environment)));
}
