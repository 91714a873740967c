import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Catalog } from '@millrace/catalog';
import type { Command } from 'commander';
import { fixtureConnectors } from '../../apps/api/test/fixture-connectors.ts';
import { startApi, type TestApi } from '../../apps/api/test/start-api.ts';
import { jobsCommand } from '../../apps/cli/src/jobs/jobs-command.ts';
import { schedulesCommand } from '../../apps/cli/src/schedules/schedules-command.ts';

let server: TestApi;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  server = await startApi(fixtureConnectors);
  await server.app.listen(0, '127.0.0.1');
  environment = { MILLRACE_API: await server.app.getUrl(), XDG_CONFIG_HOME: '/nowhere' };
});
afterAll(async () => server?.[Symbol.asyncDispose]());

async function said(
  make: (print: (line: string) => void, environment: NodeJS.ProcessEnv) => Command,
  ...args: readonly string[]
): Promise<string> {
  const lines: string[] = [];
  await make((line) => lines.push(line), environment).parseAsync(args, { from: 'user' });
  return lines.join('\n');
}

it('lists schedules, runs, suspends and deletes one, and shows the rows of what it ran', async () => {
  await server.request('POST', '/api/v1/sources', { name: 'shop', type: 'fixture', config: { host: 'a' } });
  await server.request('POST', '/api/v1/sinks', { name: 'warehouse', type: 'fixture', config: { host: 'b' } });
  const stages = { rows: { source: 'shop', tables: ['public.orders'] }, out: { input: 'rows', sink: 'warehouse' } };
  const nightly = { name: 'nightly', cron: '0 2 * * *', template: { stages } };
  await server.request('POST', '/api/v1/schedules', nightly);
  expect(await said(schedulesCommand)).toMatch(/^nightly +0 2 \* \* \* +UTC +\d{4}-\d\d-\d\dT02:00:00.000Z +- +- +-$/m);

  const run = await said(schedulesCommand, 'nightly', 'run');
  const [, job] = /^job (nightly-\S+) is submitted$/m.exec(run)!;
  const catalog = server.app.get(Catalog);
  const { id } = await catalog.jobs.begin((await catalog.jobs.get(job!)).id, 1).then((begun) => begun!);
  const counts = [{ vertex: 'out', rowsIn: 12, rowsOut: 0, deadLetters: 0, skippedRows: 1, lateRows: 0 }];
  await catalog.jobs.setStatus(id, 1, 'COMPLETED', { counts });
  expect(await said(jobsCommand, job!)).toMatch(/is COMPLETED\nbegan .*\n.*\nout +12 +0 +1 +0 +0$/);
  expect(await said(jobsCommand)).toMatch(new RegExp(`^${job!} +COMPLETED .* 12$`, 'm'));
  expect(await said(schedulesCommand, 'nightly')).toMatch(new RegExp(`COMPLETED .*12 +0 +${job!}$`, 'm'));

  expect(await said(schedulesCommand, 'nightly', 'suspend')).toContain('it is suspended');
  expect(await said(schedulesCommand, 'nightly', 'resume')).toMatch(/^next: (\S+, ){4}\S+$/m);
  await expect(said(schedulesCommand, 'nightly', 'stop')).rejects.toMatchObject({
    code: { code: 'cli.bad_schedule_action' },
  });
  expect(await said(schedulesCommand, 'nightly', 'delete')).toContain('its jobs stay');
  expect(await said(schedulesCommand)).toBe('there are no schedules');
});
