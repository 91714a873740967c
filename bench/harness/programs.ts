import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A PostgreSQL client program: on PATH or where Debian keeps it. */
export function clientProgram(name: 'psql' | 'pg_recvlogical'): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort().reverse() : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(debian, version, 'bin')),
  ];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is needed as the yardstick: install PostgreSQL's client programs`);
  return found;
}

export async function programVersion(name: 'psql' | 'pg_recvlogical'): Promise<string> {
  return (await run(clientProgram(name), ['--version'])).stdout.trim();
}

/** Runs a program to its end and returns the seconds it took. */
export async function timed(program: string, args: readonly string[]): Promise<number> {
  const start = performance.now();
  await run(program, [...args], { maxBuffer: 64 * 1_048_576 });
  return (performance.now() - start) / 1_000;
}
