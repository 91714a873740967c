import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { openShop, until } from '../sdk/open-shop.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TEST_MS_MAX = 180_000;
/** What an empty NestJS project has. */
const OF_THE_PROJECT = [
  '@nestjs/common',
  '@nestjs/core',
  '@types/node',
  '@types/pg',
  'pg',
  'reflect-metadata',
  'rxjs',
  'typescript',
];

interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** An empty project outside of the repository with the packed SDK; packages of others are linked to those that are here, and only those that are declared. */
function installInto(project: string): Manifest {
  const packed = execFileSync(process.execPath, [join(ROOT, 'tools/pack-sdk.ts'), project], {
    encoding: 'utf8',
  }).trim();
  const sdk = join(project, 'node_modules/@millrace/sdk');
  mkdirSync(sdk, { recursive: true });
  execFileSync('tar', ['-xzf', packed, '-C', sdk, '--strip-components', '1']);
  const manifest = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8')) as Manifest;
  for (const name of new Set([...OF_THE_PROJECT, ...Object.keys(manifest.dependencies)])) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), link);
  }
  return manifest;
}

/** The blocks of the README, each in the file that the line before it names. */
function writeReadmeInto(project: string): readonly string[] {
  const readme = readFileSync(join(project, 'node_modules/@millrace/sdk/README.md'), 'utf8');
  const files: string[] = [];
  for (const [, file, block] of readme.matchAll(/^`([\w./-]+)`:\n\n(?:<!--.*-->\n)?```\w+\n([\s\S]*?)```/gm)) {
    mkdirSync(dirname(join(project, file!)), { recursive: true });
    writeFileSync(join(project, file!), block!);
    files.push(file!);
  }
  return files;
}

it(
  'the packed SDK works in an empty NestJS project by following its README',
  async () => {
    const project = mkdtempSync(join(tmpdir(), 'millrace-project-'));
    try {
      writeFileSync(join(project, 'package.json'), '{ "name": "service", "private": true, "type": "module" }');
      const manifest = installInto(project);
      expect(Object.keys(manifest.dependencies).filter((name) => name.startsWith('@millrace/'))).toEqual([]);
      const files = writeReadmeInto(project);
      expect(files).toEqual(['tsconfig.json', 'src/orders.ts', 'src/mailer.ts', 'src/main.ts']);
      const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
      expect(() =>
        execFileSync(process.execPath, [compiler], { cwd: project, stdio: 'pipe', encoding: 'utf8' }),
      ).not.toThrow();

      await using platform = await openShop();
      const pool = new pg.Pool({ connectionString: platform.target.url });
      await pool.query('CREATE TABLE mail (order_id int NOT NULL, total numeric NOT NULL)');
      const env = {
        ...process.env,
        DATABASE_URL: platform.target.url,
        MILLRACE_URL: platform.apiUrl,
        NODE_OPTIONS: '',
      };
      const service = spawn(process.execPath, ['dist/main.js'], { cwd: project, env, stdio: 'ignore' });
      try {
        const job = () => platform.rest.peek<{ status: string }>('jobs/mailer');
        await until(async () => (await job())?.status === 'RUNNING');
        await platform.source.query("INSERT INTO orders SELECT n, 'c', n FROM generate_series(1, 30) n");
        const mail = async () => (await pool.query('SELECT order_id FROM mail ORDER BY order_id')).rows;
        await until(async () => (await mail()).length >= 30);
        expect(await mail()).toEqual(Array.from({ length: 30 }, (_, index) => ({ order_id: index + 1 })));
        service.kill('SIGTERM');
        await once(service, 'exit');
      } finally {
        service.kill('SIGKILL');
        await pool.end();
      }
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  },
  TEST_MS_MAX,
);
