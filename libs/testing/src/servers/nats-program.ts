import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/kernel';
import { findProgram } from './find-program.ts';
import { ServerDidNotStart } from './guarded-process.ts';

const run = promisify(execFile);

const VERSION = 'v2.14.9';
const MODULE = 'github.com/nats-io/nats-server/v2';
const CACHE = fileURLToPath(
  new URL(`../../../../node_modules/.cache/millrace/nats-server-${VERSION}`, import.meta.url),
);
/** Fifteen seconds on two cores when nothing of it was built before. */
const BUILD_MS_MAX = 600_000;
const MEND =
  'Install Go 1.25 or newer, or nats-server 2.12 or newer itself, or set TEST_NATS_URL to a running one with JetStream (nats://127.0.0.1:4222).';

/**
 * nats-server from PATH, else built by Go once and kept.
 * @throws MillraceError `testing.server_did_not_start` with what to install.
 */
export async function natsProgram(): Promise<string> {
  const found = findProgram('nats-server') ?? findProgram('nats-server', CACHE);
  if (found !== undefined) return found;
  const go = findProgram('go');
  if (go === undefined)
    throw new MillraceError(ServerDidNotStart, { message: 'no nats-server and no Go was found', mend: MEND });
  mkdirSync(CACHE, { recursive: true });
  try {
    // It builds aside and puts the program there in one step, so two of these at once do no harm.
    await run(go, ['install', `${MODULE}@${VERSION}`], {
      env: { ...process.env, GOBIN: CACHE },
      timeout: BUILD_MS_MAX,
    });
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string };
    const reason = stderr.trim().split('\n').at(-1) || String(error);
    throw new MillraceError(ServerDidNotStart, { message: `Go could not build nats-server: ${reason}`, mend: MEND });
  }
  const program = join(CACHE, 'nats-server');
  if (!existsSync(program))
    throw new MillraceError(ServerDidNotStart, { message: 'Go built no nats-server', mend: MEND });
  return program;
}
