import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { openShop, until } from '../sdk/open-shop.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TEST_MS_MAX = 240_000;
const INSTALL_MS_MAX = 120_000;
/** Packages of others as this repository has them; nothing of theirs runs when they are installed. */
const INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact'];

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Runs the commands of the README in an empty project outside of the repository: the SDK is the packed one, packages of others come from the registry. */
function installInto(project: string): void {
  const packed = execFileSync(process.execPath, [join(ROOT, 'tools/pack-sdk.ts'), project], {
    encoding: 'utf8',
  }).trim();
  const { dependencies, devDependencies } = manifestIn(ROOT);
  const versions = { ...devDependencies, ...dependencies };
  const readme = readFileSync(join(ROOT, 'libs/sdk/README.md'), 'utf8');
  const commands = [...readme.matchAll(/^npm install (.*)$/gm)].map(([, words]) => words!.split(' '));
  expect(commands).toHaveLength(2);
  for (const words of commands) {
    const packages = words.map((word) => {
      if (word === '@millrace/sdk') return packed;
      return word.startsWith('-') ? word : `${word}@${versions[word]}`;
    });
    execFileSync('npm', [...INSTALL, ...packages], { cwd: project, stdio: 'pipe', timeout: INSTALL_MS_MAX });
  }
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
      installInto(project);
      const { dependencies } = manifestIn(join(project, 'node_modules/@millrace/sdk'));
      expect(Object.keys(dependencies!).filter((name) => name.startsWith('@millrace/'))).toEqual([]);
      const files = writeReadmeInto(project);
      expect(files).toEqual(['tsconfig.json', 'src/orders.ts', 'src/mailer.ts', 'src/main.ts']);
      const compiler = join(project, 'node_modules/typescript/bin/tsc');
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
