import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { MillraceError } from '@millrace/kernel';
import { SecretReferenceUnresolved } from './errors.ts';

const FILE_BYTES_MAX = 65_536;
/** Our own settings hold the key of all secrets; no definition may carry them to a server of the user's choice. */
const OWN_PREFIX = 'MILLRACE_';

export type SecretReference = { readonly kind: 'env' | 'file'; readonly target: string };

/** The reference `${env:NAME}` or `${file:/path}` a value is, or `undefined` when it is a literal. */
export function parseSecretReference(value: string): SecretReference | undefined {
  const match = /^\$\{(env|file):([^}]*)\}$/.exec(value);
  return match === null ? undefined : { kind: match[1] as 'env' | 'file', target: match[2]! };
}

/**
 * Resolves a reference where it is used, so that a rotated file or variable is picked up by the next execution. One trailing line break
 * of a file is dropped: editors and `echo` put it there.
 * @throws MillraceError `secret.reference_unresolved`
 */
export async function resolveSecretReference(
  { kind, target }: SecretReference,
  pointer: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const fail = (message: string, mend: string, cause?: unknown): MillraceError =>
    new MillraceError(
      SecretReferenceUnresolved,
      { message: `\${${kind}:${target}}: ${message}`, mend, pointer },
      { cause },
    );

  if (kind === 'env') {
    if (target.startsWith(OWN_PREFIX)) {
      throw fail(
        `settings of Millrace itself cannot be referenced`,
        `Use a variable that does not start with ${OWN_PREFIX}.`,
      );
    }
    const value = env[target];
    if (value === undefined || value === '') {
      throw fail(
        'the environment variable is not set',
        `Set ${target} for the api and for every worker, and restart them.`,
      );
    }
    return value;
  }
  if (!isAbsolute(target))
    throw fail('the path is not absolute', 'Give an absolute path, such as ${file:/run/secrets/shop}.');
  try {
    await using file = await open(target, 'r');
    const stat = await file.stat();
    if (!stat.isFile()) throw fail('not a regular file', 'Give the path of a file with nothing but the secret.');
    if (stat.size > FILE_BYTES_MAX)
      throw fail(`longer than ${FILE_BYTES_MAX} bytes`, 'Give the path of a file with nothing but the secret.');
    const value = (await file.readFile('utf8')).replace(/\r?\n$/, '');
    if (value === '') throw fail('the file is empty', 'Write the secret into the file.');
    return value;
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw fail(
      `the file cannot be read (${reason})`,
      'Mount the file for the api and for every worker, readable for their user.',
      error,
    );
  }
}
