import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fixtureConnectors } from '../../apps/api/test/fixture-connectors.ts';
import { startApi, type TestApi } from '../../apps/api/test/start-api.ts';
import { initCommand } from '../../apps/cli/src/access/init-command.ts';
import { keysCommand } from '../../apps/cli/src/access/keys-command.ts';
import { connectorsCommand } from '../../apps/cli/src/connectors/connectors-command.ts';

const KEY = /^mlr_[0-9A-Z]{26}_[\w-]{48}$/;

let api: TestApi;
let url: string;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'millrace-keys-'));
  api = await startApi(fixtureConnectors);
  await api.app.listen(0, '127.0.0.1');
  url = await api.app.getUrl();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

type Make = typeof initCommand;

async function run(make: Make, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<readonly string[]> {
  const lines: string[] = [];
  const command = make((line) => lines.push(line), { MILLRACE_API: url, XDG_CONFIG_HOME: home, ...env });
  await command.parseAsync([...args], { from: 'user' });
  return lines;
}

const refusal = (make: Make, args: readonly string[], env?: NodeJS.ProcessEnv) =>
  run(make, args, env).then(
    (lines) => lines,
    (error: { message: string; mend: string }) => `${error.message}\n${error.mend}`,
  );

describe('millrace init and keys', () => {
  it('make the first key through the API, save it for nobody else to read, and use it', async () => {
    expect((await run(connectorsCommand, [])).join('\n')).toContain('fixture');
    const lines = await run(initCommand, ['--save', '--expires', '30d']);
    const key = lines.find((line) => KEY.test(line))!;
    expect(lines[0]).toMatch(/^the first key, an admin's, named admin, until 20/);
    const file = join(home, 'millrace', 'keys.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ [url]: key });
    expect((await run(keysCommand, ['list']))[0]).toMatch(/^NAME +ROLE +STATE/);
    expect(await refusal(initCommand, [])).toContain('there are API keys already');
  });

  it('take the key of a file, of the environment, or the saved one, and say what to do without one', async () => {
    const nothing = { XDG_CONFIG_HOME: join(home, 'empty') };
    const text = await refusal(keysCommand, ['list'], nothing);
    expect(text).toContain('401 access.key_missing');
    expect(text).toContain('export MILLRACE_API_KEY=mlr_…');
    const saved = JSON.parse(await readFile(join(home, 'millrace', 'keys.json'), 'utf8'))[url];
    expect((await run(keysCommand, ['list'], { ...nothing, MILLRACE_API_KEY: saved }))[1]).toMatch(
      /^admin +admin +active/,
    );
    const file = join(home, 'key');
    await writeFile(file, `${saved}\n`);
    expect(await run(keysCommand, ['list', '--key-file', file], nothing)).toHaveLength(2);
    expect(await refusal(keysCommand, ['list', '--key-file', join(home, 'absent')], nothing)).toContain(
      'cannot be used',
    );
  });

  it('make, replace and revoke keys', async () => {
    const made = await run(keysCommand, ['create', 'ci', '--role', 'operator', '--expires', 'never']);
    expect(made[0]).toMatch(/^ci \(\w{26}\), operator, without an end; shown this once:$/);
    const rotated = await run(keysCommand, ['rotate', 'ci', '--old-key-works-for', '1h', '--expires', '1d']);
    const [old, fresh] = [made, rotated].map((lines) => lines.find((line) => KEY.test(line))!);
    for (const MILLRACE_API_KEY of [old, fresh])
      expect((await run(connectorsCommand, [], { MILLRACE_API_KEY })).join('')).toContain('fixture');
    expect(await refusal(keysCommand, ['list'], { MILLRACE_API_KEY: fresh })).toContain('403 access.role_too_low');
    expect(await run(keysCommand, ['revoke', 'ci'])).toEqual([expect.stringMatching(/^ci \(\w{26}\) is revoked$/)]);
    expect(await refusal(connectorsCommand, [], { MILLRACE_API_KEY: fresh })).toContain('401 access.key_revoked');
    expect(await refusal(keysCommand, ['revoke', 'admin'])).toContain('409 api_key.last_admin');
  });

  it('get back in with the credentials of the database, once no admin’s key works, and the log tells', async () => {
    const direct = ['--database', api.database.url, '--name', 'again', '--json'];
    expect(await refusal(initCommand, direct)).toContain("there is an admin's key that works already");
    await api.database.query(`UPDATE millrace.api_key SET expires_at = now() - interval '1 second'`);
    expect(await refusal(keysCommand, ['list'])).toContain('401 access.key_expired');
    const { key } = JSON.parse((await run(initCommand, direct)).join('')) as { key: string };
    const headers = { authorization: `Bearer ${key}` };
    const { body } = await api.request('GET', '/api/v1/audit?actor=local', undefined, headers);
    expect(body.items.map(({ action, outcome }: { action: string; outcome: string }) => [action, outcome])).toEqual([
      ['api_key.create_first', 'done'],
      ['api_key.create_first', 'refused'],
    ]);
    expect(await refusal(initCommand, [...direct, '--expires', 'soon'])).toContain('no lifetime of a key');
  });
});
