import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/kernel';
import { findProgram } from './find-program.ts';
import { ServerDidNotStart } from './guarded-process.ts';

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/millrace/', import.meta.url));
const BUILD_MS_MAX = 600_000;

interface GoProgram {
  readonly name: string;
  /** Package of its `main`. */
  readonly module: string;
  readonly version: string;
  /** What to do when it can't be had. */
  readonly mend: string;
}

/**
 * A program from PATH, else built by Go once and kept.
 * @throws MillraceError `testing.server_did_not_start` with what to install.
 */
export async function goProgram({ name, module, version, mend }: GoProgram): Promise<string> {
  const cache = join(CACHE, `${name}-${version}`);
  const found = findProgram(name) ?? findProgram(name, cache);
  if (found !== undefined) return found;
  const go = findProgram('go');
  if (go === undefined) throw new MillraceError(ServerDidNotStart, { message: `no ${name} and no Go was found`, mend });
  mkdirSync(cache, { recursive: true });
  try {
    // It builds aside and puts the program there in one step, so two of these at once do no harm.
    await run(go, ['install', `${module}@${version}`], {
      env: { ...process.env, GOBIN: cache },
      timeout: BUILD_MS_MAX,
    });
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string };
    const reason = stderr.trim().split('\n').at(-1) || String(error);
    throw new MillraceError(ServerDidNotStart, { message: `Go could not build ${name}: ${reason}`, mend });
  }
  const program = join(cache, name);
  if (!existsSync(program)) throw new MillraceError(ServerDidNotStart, { message: `Go built no ${name}`, mend });
  return program;
}
