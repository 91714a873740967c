/**
 * Makes the package of the SDK as it is published: what was built last, without what only this repository knows. `npm run pack:sdk -- FOLDER` leaves
 * `millrace-sdk-VERSION.tgz` there. It needs nothing else of ours, and brings nothing of others along.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = new URL('..', import.meta.url).pathname;
const SDK = join(ROOT, 'libs/sdk');

/** What runs with every part of it. */
const DEPENDENCIES = ['openapi-fetch', 'reflect-metadata', 'ulid'];
/** What the service has already, when it uses that part. */
const PEERS: Readonly<Record<string, string>> = {
  '@nestjs/common': '>=11',
  '@nestjs/core': '>=11',
  '@nestjs/terminus': '>=11',
  'drizzle-orm': '>=0.36',
  kysely: '>=0.27',
  pg: '>=8',
  typeorm: '>=0.3',
};

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const read = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8')) as Manifest;

const { version, exports } = read(join(SDK, 'package.json'));
const { dependencies } = read(join(ROOT, 'package.json'));
const manifest = {
  name: '@millrace/sdk',
  version,
  description: 'Change handlers, outbox and client of Millrace for Node.js and NestJS services',
  license: 'Apache-2.0',
  type: 'module',
  engines: { node: '>=22' },
  sideEffects: false,
  exports: Object.fromEntries(
    Object.entries(exports).map(([name, { default: file }]) => [
      name,
      { types: file.replace(/\.js$/, '.d.ts'), default: file },
    ]),
  ),
  files: ['dist'],
  dependencies: Object.fromEntries(DEPENDENCIES.map((name) => [name, dependencies[name]])),
  peerDependencies: PEERS,
  peerDependenciesMeta: Object.fromEntries(Object.keys(PEERS).map((name) => [name, { optional: true }])),
};

const folder = mkdtempSync(join(tmpdir(), 'millrace-sdk-'));
try {
  const isWanted = (file: string): boolean => !/\.(map|tsbuildinfo)$/.test(file);
  cpSync(join(SDK, 'dist'), join(folder, 'dist'), { recursive: true, filter: isWanted });
  for (const file of ['README.md', 'LICENSE'])
    cpSync(file === 'LICENSE' ? join(ROOT, file) : join(SDK, file), join(folder, file));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const target = resolve(process.argv[2] ?? '.');
  const packed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', target], {
    cwd: folder,
    encoding: 'utf8',
  });
  console.log(join(target, packed.trim().split('\n').at(-1)!));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
