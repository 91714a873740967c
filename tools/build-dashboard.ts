/**
 * Builds the dashboard into `apps/dashboard/dist`; skipped when nothing it is made of has changed. Ends with 1 when what a first visit loads
 * has become larger than `FIRST_LOAD_MAX`.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstLoadBytes } from './first-load.ts';

const ROOT = 'apps/dashboard';
const OUT = `${ROOT}/dist`;
const STAMP = `${OUT}/.made-of`;
/** Bytes with gzip: the page, what it imports at once, and the first screen. */
const FIRST_LOAD_MAX = 250_000;

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

function stamp(): string {
  const hash = createHash('sha256');
  const made = [
    'package-lock.json',
    'tools/build-dashboard.ts',
    'tools/first-load.ts',
    `${ROOT}/index.html`,
    `${ROOT}/vite.config.ts`,
  ];
  for (const file of [
    ...made,
    ...filesBelow(`${ROOT}/src`),
    ...filesBelow(`${ROOT}/public`),
    ...filesBelow('libs/sdk/src/client'),
  ])
    hash.update(file).update('\0').update(readFileSync(file));
  return hash.digest('hex');
}

const wanted = stamp();
if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) process.exit(0);
execFileSync(process.execPath, ['node_modules/vite/bin/vite.js', 'build', ROOT, '--logLevel', 'warn'], {
  stdio: 'inherit',
});
const size = firstLoadBytes(OUT);
if (size > FIRST_LOAD_MAX) {
  console.error(
    `the dashboard's first load is ${size} bytes with gzip, at most ${FIRST_LOAD_MAX}: load more of it later`,
  );
  process.exit(1);
}
writeFileSync(STAMP, wanted);
console.log(`dashboard: first load ${Math.round(size / 1_000)} kB with gzip`);
