import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/kernel';
import { findProgram } from '../servers/find-program.ts';
import { ServerDidNotStart } from '../servers/guarded-process.ts';

const run = promisify(execFile);
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PACKAGE = 'chromium';
const INSTALL_MS_MAX = 300_000;

function onPath(): string | undefined {
  for (const name of NAMES) {
    const found = findProgram(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** As root on Debian and its like: from the distribution. Says nothing when it does not work. */
async function installPackage(): Promise<void> {
  const apt = findProgram('apt-get');
  if (apt === undefined || process.getuid?.() !== 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run(apt, ['install', '-y', '--no-install-recommends', PACKAGE], { env, timeout: INSTALL_MS_MAX }).catch(
    () => {},
  );
}

/**
 * Chromium: `TEST_CHROMIUM`, else on PATH, else installed by the distribution's package manager.
 * @throws MillraceError `testing.server_did_not_start` with what to install.
 */
export async function chromiumProgram(): Promise<string> {
  const given = process.env['TEST_CHROMIUM'];
  if (given !== undefined) return given;
  const found = onPath();
  if (found !== undefined) return found;
  await installPackage();
  const installed = onPath();
  if (installed !== undefined) return installed;
  throw new MillraceError(ServerDidNotStart, {
    message: 'no Chromium was found',
    mend: `Install it (apt-get install ${PACKAGE}) so that "${NAMES.join('", "')}" is on PATH, or set TEST_CHROMIUM to its path.`,
  });
}
