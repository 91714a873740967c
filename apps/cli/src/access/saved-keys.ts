import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { errorCode, MillraceError } from '@millrace/kernel';

export const BadKeyFile = errorCode('cli.bad_key_file', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A file with keys cannot be used',
});

/** Only the user may read it. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Where saved keys are: one for each API, by its origin. */
export const savedKeysFile = (environment: NodeJS.ProcessEnv): string =>
  join(environment['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'millrace', 'keys.json');

type SavedKeys = Readonly<Record<string, string>>;

const originOf = (api: string): string => (URL.canParse(api) ? new URL(api).origin : api);

async function read(file: string): Promise<SavedKeys> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw unusable(file, (error as Error).message);
  }
  try {
    return JSON.parse(text) as SavedKeys;
  } catch {
    // What the parser says would quote the file.
    throw unusable(file, 'it is not JSON');
  }
}

/** The key that was saved for this API and no other. @throws MillraceError `cli.bad_key_file` */
export async function savedKey(api: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  return (await read(savedKeysFile(environment)))[originOf(api)];
}

/** Saves a key for this API. @returns the file @throws MillraceError `cli.bad_key_file` */
export async function saveKey(api: string, key: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const file = savedKeysFile(environment);
  const keys = { ...(await read(file)), [originOf(api)]: key };
  try {
    await mkdir(dirname(file), { recursive: true, mode: FOLDER_MODE });
    const fresh = `${file}.${process.pid}`;
    await writeFile(fresh, `${JSON.stringify(keys, null, 2)}\n`, { mode: FILE_MODE });
    await chmod(fresh, FILE_MODE);
    await rename(fresh, file);
  } catch (error) {
    throw unusable(file, (error as Error).message);
  }
  return file;
}

/** The key in a file of its own. @throws MillraceError `cli.bad_key_file` */
export async function keyInFile(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw unusable(file, error.message);
  });
  return text.trim();
}

const unusable = (file: string, why: string): MillraceError =>
  new MillraceError(BadKeyFile, {
    message: `${file} cannot be used: ${why}`,
    mend: 'Repair it or take it away, and give a key with MILLRACE_API_KEY or --key-file.',
  });
