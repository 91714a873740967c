import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from '@millrace/sdk/client';
import type { Config, Plan } from '@millrace/sdk/config';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { connectorsOf } from '../../apps/api/src/connectors.ts';
import { startApi, type TestApi } from '../../apps/api/test/start-api.ts';
import { type Ask, applyCommand } from '../../apps/cli/src/configuration/apply-command.ts';
import { planCommand } from '../../apps/cli/src/plan/plan-command.ts';
import { makeItSo } from './guide/apply-it.ts';

const START_MS_MAX = 60_000;
const CHILD_MS_MAX = 60_000;
const GUIDE = new URL('./guide/', import.meta.url).pathname;
const MAIN = new URL('../../apps/cli/src/main.ts', import.meta.url).pathname;
const JOBS = join(GUIDE, 'jobs.yaml');
const FILES = [join(GUIDE, 'millrace.config.ts'), JOBS];

let server: TestApi;
let url: string;
let folder: string;
let shop: TestDatabase;
let warehouse: TestDatabase;
/** What the configuration of the guide reads, and the command. */
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-configuration-'));
  const postgres = await testPostgres();
  [shop, warehouse] = [await postgres.createDatabase('shop'), await postgres.createDatabase('warehouse')];
  for (const database of [shop, warehouse])
    await database.query('CREATE TABLE orders (id int PRIMARY KEY, state text)');
  const { host, port, user, password, database } = shop.connection;
  server = await startApi(await connectorsOf({}), { SHOP_PASSWORD: String(password ?? 'none') });
  process.env['MILLRACE_REDIS_URL'] = server.redisUrl;
  await server.app.listen(0, '127.0.0.1');
  url = await server.app.getUrl();
  environment = {
    MILLRACE_API: url,
    XDG_CONFIG_HOME: folder,
    SHOP_HOST: host,
    SHOP_PORT: String(port),
    SHOP_USER: user,
    SHOP_DATABASE: database,
    WAREHOUSE: warehouse.connection.database,
  };
}, START_MS_MAX);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  for (const database of [shop, warehouse]) await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** The command as it is called, in a process of its own: only there a TypeScript file can be loaded. */
async function millrace(args: readonly string[]): Promise<{ readonly text: string; readonly code: number }> {
  const program = ['--conditions=source', '--disable-warning=ExperimentalWarning', MAIN, ...args];
  const env = { ...process.env, ...environment, NODE_OPTIONS: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, program, { env, timeout: CHILD_MS_MAX }, (error, stdout, stderr) => {
      resolve({ text: `${stdout}${stderr}`, code: error === null ? 0 : Number(error.code) });
    });
  });
}

/** The same in this process. */
async function run(args: readonly string[], ask: Ask = async () => undefined, codes: number[] = []): Promise<string> {
  const lines: string[] = [];
  const print = (line: string) => lines.push(line);
  const commands = {
    plan: planCommand((code) => codes.push(code), print, environment),
    apply: applyCommand(print, environment, ask),
  };
  const [name, ...rest] = args;
  await commands[name as 'plan' | 'apply'].parseAsync(rest, { from: 'user' });
  return lines.join('\n');
}

const refusal = (args: readonly string[], ask?: Ask): Promise<string> =>
  run(args, ask).then(
    (text) => `not refused: ${text}`,
    ({ message, mend }: { message: string; mend: string }) => `${message}\n${mend}`,
  );

describe('millrace plan and apply', () => {
  it(
    'do what the guide says: a plan, an answer, and nothing to do',
    async () => {
      const kept = join(folder, 'first.json');
      const planned = await millrace(['plan', ...FILES, '--exit-code', '--out', kept]);
      expect(planned.text).toContain('+ create source shop\n');
      expect(planned.text).toContain('password":"${env:SHOP_PASSWORD}"');
      expect(planned.text).toMatch(/\n4 to create\n$/);
      expect(planned.code).toBe(2);
      expect(await refusal(['apply', '--plan', kept])).toBe('there is nobody to ask\nAnswer yes, or give --yes.');
      const applied = await millrace(['apply', ...FILES, '--yes']);
      expect(applied.text.trim().split('\n').slice(-4)).toEqual([
        'done: create source shop',
        'done: create sink warehouse',
        'done: create job orders-to-warehouse',
        'done: create subscription mailer',
      ]);
      const same = join(folder, 'same.json');
      await writeFile(same, JSON.stringify((JSON.parse(await readFile(kept, 'utf8')) as Plan).config));
      const codes: number[] = [];
      const again = await run(['plan', same, '--prune', '--exit-code'], undefined, codes);
      expect([again, codes.at(-1)]).toEqual(['nothing to do, 4 unchanged', 0]);
      await expect(run(['plan', 'nowhere.yaml', '--exit-code'], undefined, codes)).rejects.toThrow('cannot be read');
      expect(codes.at(-1)).toBe(1);
    },
    CHILD_MS_MAX * 2,
  );

  it('keep a plan, and refuse it when it has become old', async () => {
    const changed = join(folder, 'jobs.yaml');
    const jobs = await readFile(JOBS, 'utf8');
    await writeFile(changed, jobs.replace("= 'paid'", "= 'sent'").replace(/subscriptions:[\s\S]*/, ''));
    const kept = join(folder, 'plan.json');
    expect(await run(['plan', changed, '--out', kept])).toContain(
      `! replace job orders-to-warehouse: ends with its state, its slot, and is made anew\n    stages.paid.filter: "after.state = 'paid'" -> "after.state = 'sent'"`,
    );
    expect(await refusal(['apply', changed], async () => 'no')).toContain('nothing was done');
    expect(await refusal(['apply', changed], async () => 'yes')).toMatch(
      /cannot change while it is there.*\nGive --replace\.$/,
    );
    const apply = ['apply', '--plan', kept, '--yes', '--replace'];
    expect(await run(apply)).toContain('done: replace job orders-to-warehouse');
    expect(await run(apply)).toContain('it is so already');
    await run(['apply', JOBS, '--yes', '--replace']);
    expect(await refusal(apply)).toMatch(/since the plan was made.*\nPlan again\.$/);
  });

  it('delete with --prune, and say what a broken file lacks', async () => {
    const only = join(folder, 'only.json');
    await writeFile(only, JSON.stringify({ sources: {} }));
    expect(await run(['plan', only])).toBe('nothing to do');
    expect((await run(['apply', only, '--prune', '--yes'])).split('\n').slice(-5)).toEqual([
      '4 to delete',
      'done: delete subscription mailer',
      'done: delete job orders-to-warehouse',
      'done: delete sink warehouse',
      'done: delete source shop',
    ]);
    await writeFile(only, JSON.stringify({ sources: { shop: { type: 'postgres', config: { password: 'hunter2' } } } }));
    expect(await refusal(['plan', only])).toContain('sources.shop.config.password: is a secret');
    await writeFile(only, '{');
    expect(await refusal(['plan', only])).toContain('is not JSON');
    expect(await refusal(['apply', only.replace('only', 'none'), '--yes'])).toContain('cannot be read');
    await writeFile(only, '{ "stages": {} }');
    expect(await refusal(['apply', only, '--yes'])).toContain('is no configuration');
  });

  it('still draw a job, and the function of the guide applies as well', async () => {
    const job = join(folder, 'job.yaml');
    await writeFile(job, 'name: j\nstages:\n  a: { source: s, tables: [t] }\n  b: { input: a, sink: w }\n');
    expect(await run(['plan', job])).toMatch(/a.*\n[\s\S]*b/);
    const config: Config = { sinks: { files: { type: 'files', config: { directory: folder } } } };
    expect(await makeItSo(config, url, () => {})).toEqual(['create files']);
    const { data } = await createClient({ baseUrl: url }).GET('/api/v1/sinks');
    expect(data!.items.map(({ name }) => name)).toContain('files');
  });
});
