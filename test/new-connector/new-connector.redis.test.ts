import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testRedis } from '@millrace/testing';

const REPOSITORY = process.cwd();
const TEST_MS_MAX = 180_000;
const inRepository = (path: string): string => join(REPOSITORY, path);

let folder: string;
let connector: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-new-'));
  symlinkSync(inRepository('node_modules'), join(folder, 'node_modules'));
  // As the repository around it has it.
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  cpSync(inRepository('biome.json'), join(folder, 'biome.json'));
  connector = join(folder, 'my-queue');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, said: `${stdout}${stderr}` };
}

const make = (...args: readonly string[]) => run(process.execPath, [inRepository('tools/new-connector.ts'), ...args]);

it('makes a connector under the name that is asked for', () => {
  expect(make('my-queue', connector)).toMatchObject({ status: 0 });
  expect(readdirSync(connector)).toEqual(
    expect.arrayContaining(['README.md', 'acceptance.redis.test.ts', 'config.ts', 'connector.ts']),
  );
  const all = readdirSync(connector)
    .map((file) => readFileSync(join(connector, file), 'utf8'))
    .join('\n');
  expect(all).toContain("type: 'my-queue'");
  expect(all).toContain('export const myQueueSink');
  expect(all).not.toMatch(/redis-streams|redisStreams|#region/);
});

it('writes over nothing, and takes no name that is none', () => {
  expect(make('my-queue', connector)).toMatchObject({ status: 1, said: expect.stringContaining('not empty') });
  for (const name of ['My', '../x', '']) expect(make(name).said).toContain('usage');
});

it(
  'makes what compiles and passes the linter',
  () => {
    const config = {
      extends: inRepository('tsconfig.base.json'),
      compilerOptions: { noEmit: true, composite: false },
      include: ['my-queue'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    expect(run('node_modules/.bin/tsc', ['-p', 'tsconfig.json', '--declaration', 'false'])).toEqual({
      status: 0,
      said: '',
    });
    const biome = run('node_modules/.bin/biome', ['check', '--vcs-enabled=false', '--error-on-warnings', 'my-queue']);
    expect(biome).toMatchObject({ status: 0 });
  },
  TEST_MS_MAX,
);

it(
  'makes what passes the acceptance suite',
  async () => {
    writeFileSync(
      join(folder, 'jest.config.mjs'),
      `import base from ${JSON.stringify(inRepository('jest.config.js'))};
    export default { ...base, rootDir: ${JSON.stringify(folder)}, roots: ['<rootDir>/my-queue'], maxWorkers: 1 };`,
    );
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const jest = run(
      process.execPath,
      [...flags, inRepository('node_modules/jest/bin/jest.js'), '--config', 'jest.config.mjs'],
      {
        TEST_REDIS_URL: (await testRedis()).url,
      },
    );
    expect(jest.said).toMatch(/Tests: +60 passed, 60 total/);
  },
  TEST_MS_MAX,
);
