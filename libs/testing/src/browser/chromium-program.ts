import { MillraceError } from '@millrace/kernel';
import { findProgram } from '../servers/find-program.ts';
import { ServerDidNotStart } from '../servers/guarded-process.ts';
import { installPackage } from '../servers/install-package.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PACKAGE = 'chromium';

function onPath(): string | undefined {
  for (const name of NAMES) {
    const found = findProgram(name);
    if (found !== undefined) return found;
  }
  return undefined;
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
  await installPackage(PACKAGE);
  const installed = onPath();
  if (installed !== undefined) return installed;
  throw new MillraceError(ServerDidNotStart, {
    message: 'no Chromium was found',
    mend: `Install it (apt-get install ${PACKAGE}) so that "${NAMES.join('", "')}" is on PATH, or set TEST_CHROMIUM to its path.`,
  });
}
