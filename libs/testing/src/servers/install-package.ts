import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from './find-program.ts';

const run = promisify(execFile);
const INSTALL_MS_MAX = 300_000;

/** One at a time: the package manager refuses a second one. */
let last: Promise<void> = Promise.resolve();

/** As root on Debian and its like: from the distribution. Says nothing when it does not work. */
export function installPackage(name: string): Promise<void> {
  const apt = findProgram('apt-get');
  if (apt === undefined || process.getuid?.() !== 0) return Promise.resolve();
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = () => run(apt, ['install', '-y', '--no-install-recommends', name], { env, timeout: INSTALL_MS_MAX });
  // On a new machine the lists of packages may be missing, or old.
  const afresh = () => run(apt, ['update'], { env, timeout: INSTALL_MS_MAX }).then(install);
  last = last
    .then(() => install().catch(afresh))
    .then(
      () => {},
      () => {},
    );
  return last;
}
