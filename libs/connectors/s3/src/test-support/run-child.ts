import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Runs a program of this folder to its end. @throws unless it ended well or was killed */
export function runChild(name: string, ...args: readonly string[]) {
  const path = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = spawnSync(process.execPath, ['--conditions=source', path, ...args], { encoding: 'utf8' });
  if (child.status !== 0 && child.signal !== 'SIGKILL') throw new Error(`${name} failed: ${child.stderr}`);
  return child;
}
