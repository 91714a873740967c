import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Nothing answers there: a process that gets as far as its servers fails otherwise. */
const SETTINGS = {
  MILLRACE_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  MILLRACE_REDIS_URL: 'redis://127.0.0.1:1',
  MILLRACE_SECRET_KEY: Buffer.alloc(32).toString('base64'),
};

it('ends the worker at once with the code of what is wrong with a module of connectors', () => {
  const { status, stderr } = spawnSync(process.execPath, ['--conditions=source', MAIN], {
    encoding: 'utf8',
    env: { ...process.env, ...SETTINGS, MILLRACE_CONNECTORS: './no-such-connector.mjs' },
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^millrace worker: connector\.module_missing: can't load \.\/no-such-connector\.mjs/);
  expect(stderr).toContain('MILLRACE_CONNECTORS names packages');
});
