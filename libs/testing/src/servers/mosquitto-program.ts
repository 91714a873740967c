import { MillraceError } from '@millrace/kernel';
import { findProgram } from './find-program.ts';
import { ServerDidNotStart } from './guarded-process.ts';
import { installPackage } from './install-package.ts';

const PACKAGE = 'mosquitto';

// Debian keeps servers in sbin, which is not on everyone's PATH.
const find = (): string | undefined => findProgram(PACKAGE) ?? findProgram(PACKAGE, '/usr/sbin');

/**
 * Mosquitto on PATH, else installed by the distribution's package manager.
 * @throws MillraceError `testing.server_did_not_start` with what to install.
 */
export async function mosquittoProgram(): Promise<string> {
  const found = find();
  if (found !== undefined) return found;
  await installPackage(PACKAGE);
  const installed = find();
  if (installed !== undefined) return installed;
  throw new MillraceError(ServerDidNotStart, {
    message: 'no Mosquitto was found',
    mend: `Install it (apt-get install ${PACKAGE}), or set TEST_MQTT_URL to a running MQTT 5 broker (mqtt://127.0.0.1:1883).`,
  });
}
