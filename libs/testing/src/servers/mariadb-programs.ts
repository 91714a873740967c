import { MillraceError } from '@millrace/kernel';
import { findProgram } from './find-program.ts';
import { ServerDidNotStart } from './guarded-process.ts';
import { installPackage } from './install-package.ts';

const PACKAGE = 'mariadb-server';

export interface MariadbPrograms {
  readonly server: string;
  /** Makes a data directory. */
  readonly install: string;
}

function onPath(): MariadbPrograms | undefined {
  // Debian keeps servers in sbin, which is not on everyone's PATH.
  const find = (name: string): string | undefined => findProgram(name) ?? findProgram(name, '/usr/sbin');
  const server = find('mariadbd');
  const install = find('mariadb-install-db');
  return server === undefined || install === undefined ? undefined : { server, install };
}

/**
 * MariaDB on PATH, else installed by the distribution's package manager.
 * @throws MillraceError `testing.server_did_not_start` with what to install.
 */
export async function mariadbPrograms(): Promise<MariadbPrograms> {
  const found = onPath();
  if (found !== undefined) return found;
  await installPackage(PACKAGE);
  const installed = onPath();
  if (installed !== undefined) return installed;
  throw new MillraceError(ServerDidNotStart, {
    message: 'no MariaDB was found',
    mend: `Install it (apt-get install ${PACKAGE}) so that "mariadbd" and "mariadb-install-db" are on PATH, or set TEST_MARIADB_URL to a running server (mysql://root@127.0.0.1:3306).`,
  });
}
