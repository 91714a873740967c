import { userInfo } from 'node:os';
import { createFirstKeyLocally } from '@millrace/catalog';
import { errorCode, MillraceError, parseDurationMs } from '@millrace/kernel';
import { Command } from 'commander';
import { API_DEFAULT, RestClient } from '../rest-client.ts';
import { saveKey } from './saved-keys.ts';

export const BadLifetime = errorCode('cli.bad_lifetime', { domain: 'user', retry: 'never', title: 'Not a lifetime' });

interface Options {
  readonly api: string;
  readonly database?: string;
  readonly name: string;
  readonly expires: string;
  readonly save?: true;
  readonly json?: true;
}

interface FirstKey {
  readonly key: string;
  readonly name: string;
  readonly expiresAt: string | null;
}

/** `millrace init`: the first key. */
export function initCommand(print: (line: string) => void, environment: NodeJS.ProcessEnv): Command {
  return new Command('init')
    .description(
      "Makes the first API key, an admin's, and shows it once. With MILLRACE_DATABASE_URL in the metadata database itself (also when no admin's key works any more), else through the API on this machine.",
    )
    .option('--api <url>', 'address of the API (or MILLRACE_API)', environment['MILLRACE_API'] ?? API_DEFAULT)
    .option('--database <url>', 'the metadata database (or MILLRACE_DATABASE_URL)')
    .option('--name <name>', 'name of the key', 'admin')
    .option('--expires <duration>', 'such as 90d, or never', '90d')
    .option('--save', 'keep the key for this API in ~/.config/millrace/keys.json, readable by you only')
    .option('--json', 'the answer as JSON')
    .action((options: Options) => init(options, print, environment));
}

async function init(options: Options, print: (line: string) => void, environment: NodeJS.ProcessEnv): Promise<void> {
  const database = options.database ?? environment['MILLRACE_DATABASE_URL'];
  const made = database ? await inDatabase(database, options) : await throughApi(options);
  if (options.json) print(JSON.stringify(made));
  else {
    print(
      `the first key, an admin's, named ${made.name}, ${made.expiresAt === null ? 'without an end' : `until ${made.expiresAt}`}; it is shown this once:`,
    );
    print('');
    print(made.key);
    print('');
    print('From now on the API asks everybody for a key. Use it:');
    print('  export MILLRACE_API_KEY=mlr_…                          # millrace reads it');
    print(`  curl -H "authorization: Bearer $MILLRACE_API_KEY" ${options.api}/api/v1/me`);
    print('More keys: millrace keys create NAME --role viewer|operator|editor|admin');
  }
  if (options.save) {
    const file = await saveKey(options.api, made.key, environment);
    if (!options.json) print(`saved for ${options.api} in ${file}`);
  }
}

const throughApi = ({ api, name, expires }: Options): Promise<FirstKey> =>
  new RestClient(api, () => undefined).post<FirstKey>('first-key', { name, expiresIn: expires });

async function inDatabase(url: string, { name, expires }: Options): Promise<FirstKey> {
  const { key, text } = await createFirstKeyLocally(url, {
    name,
    createdBy: userInfo().username,
    expiresInMs: lifetimeMs(expires),
  });
  return { key: text, name: key.name, expiresAt: key.expiresAt?.toISOString() ?? null };
}

function lifetimeMs(text: string): number | undefined {
  if (text === 'never') return undefined;
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new MillraceError(BadLifetime, {
    message: `--expires "${text}" is no lifetime of a key`,
    mend: 'Write a duration such as 90d, or never.',
  });
}
