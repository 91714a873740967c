import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Api, createClient } from '@millrace/sdk/client';
import { ApplyFailed, apply, type Config, defineConfig, mergeConfigs, type Plan, plan } from '@millrace/sdk/config';
import { fixtureConnectors } from '../../apps/api/test/fixture-connectors.ts';
import { startApi, type TestApi } from '../../apps/api/test/start-api.ts';

let server: TestApi;
let api: Api;
beforeAll(async () => {
  server = await startApi(fixtureConnectors, { SHOP_PASSWORD: 'hunter2' });
  await server.app.listen(0, '127.0.0.1');
  api = createClient({ baseUrl: await server.app.getUrl() });
});
afterAll(async () => server[Symbol.asyncDispose]());

const job = (table: string) => ({
  stages: { rows: { source: 'shop', tables: [table] }, out: { input: 'rows', sink: 'warehouse' } },
});

const config = defineConfig({
  sources: { shop: { type: 'fixture', config: { host: 'a', password: '${env:SHOP_PASSWORD}' } } },
  sinks: { warehouse: { type: 'fixture', config: { host: 'b' } } },
  jobs: { copy: job('public.orders') },
});

const MODULE = `import { Pipeline, RegisteredSinks, RegisteredSources } from '@millrace/pipeline';
export default () => {
  const p = Pipeline.create();
  p.readFrom(RegisteredSources.changes('shop', { tables: ['public.orders'] })).withoutTimestamps()
    .map(({ after }) => after).writeTo(RegisteredSinks.rows('warehouse', { columns: { id: 'int4' }, key: ['id'] }));
  return p;
};`;

const shown = ({ steps }: Plan): readonly string[] =>
  steps.filter(({ action }) => action !== 'unchanged').map(({ action, kind, name }) => `${action} ${kind} ${name}`);

/** A job as if a worker had begun it, long ago or now. */
const begun = (name: string, when: string): Promise<unknown> =>
  server.database.query(
    `UPDATE millrace.job SET status = 'RUNNING', generation = 1, execution_started_at = ${when} WHERE name = '${name}'`,
  );

beforeEach(async () => {
  await server.database.query("UPDATE millrace.job SET status = 'NOT_RUNNING'");
  await apply(api, await plan(api, {}, { prune: true }));
});

describe('plan and apply', () => {
  it('make what is not there in the order of need, and then nothing more, however often', async () => {
    const first = await plan(api, config);
    expect(shown(first)).toEqual(['create source shop', 'create sink warehouse', 'create job copy']);
    const told: string[] = [];
    await apply(api, first, { onDone: ({ name }) => told.push(name) });
    expect(told).toEqual(['shop', 'warehouse', 'copy']);
    expect(shown(await plan(api, config, { prune: true }))).toEqual([]);
    expect(await apply(api, first)).toEqual([]);
  });

  it('make, change and delete schedules, and leave alone what these have made', async () => {
    const nightly = { template: job('public.orders'), cron: '0 2 * * *', timeZone: 'Europe/Berlin' };
    const withNightly = { ...config, schedules: { nightly } };
    await apply(api, await plan(api, withNightly));
    await api.POST('/api/v1/schedules/{id}/run', { params: { path: { id: 'nightly' } } });
    await api.POST('/api/v1/schedules/{id}/suspend', { params: { path: { id: 'nightly' } } });
    expect(shown(await plan(api, withNightly, { prune: true }))).toEqual([]);
    const later = { ...config, schedules: { nightly: { ...nightly, cron: '0 3 * * *', keep: 5 } } };
    const change = await plan(api, later);
    expect(shown(change)).toEqual(['change schedule nightly']);
    expect(change.steps.at(-1)!.changes).toEqual([
      { field: 'cron', before: '0 2 * * *', after: '0 3 * * *' },
      { field: 'keep', before: 10, after: 5 },
    ]);
    await apply(api, change);
    expect(shown(await plan(api, later, { prune: true }))).toEqual([]);
    const pruned = shown(await plan(api, config, { prune: true }));
    expect(pruned).toEqual(['delete schedule nightly', expect.stringMatching(/^delete job nightly-\d{8}T\d{9}Z$/)]);
  });

  it('say field by field what changes, and restart the jobs that run with it, also after an apply that died', async () => {
    await apply(api, await plan(api, config));
    await begun('copy', 'now()');
    const changed: Config = { ...config, sources: { shop: { type: 'fixture', config: { host: 'c' } } } };
    const planned = await plan(api, changed);
    expect(shown(planned)).toEqual(['change source shop', 'restart job copy']);
    expect(planned.steps[0]!.changes).toEqual([
      { field: 'config.host', before: 'a', after: 'c' },
      { field: 'config.password', before: '${env:SHOP_PASSWORD}', after: undefined },
    ]);
    expect(planned.steps.at(-1)!.because).toEqual(['source shop changes']);
    // Done by an apply that died before it restarted the job.
    await api.PATCH('/api/v1/sources/{id}', {
      params: { path: { id: 'shop' } },
      body: { config: { host: 'c', password: null } },
    });
    expect((await plan(api, changed)).steps.at(-1)!.because).toEqual(['source shop has changed since it started']);
    expect((await apply(api, planned)).map(({ action }) => action)).toEqual(['restart']);
    const { data } = await api.GET('/api/v1/sources/{id}', { params: { path: { id: 'shop' } } });
    expect(data!.config).toEqual({ host: 'c' });
    await begun('copy', 'now()');
    expect(shown(await plan(api, changed))).toEqual([]);
  });

  it('leave a job alone that is suspended', async () => {
    await apply(api, await plan(api, config));
    await begun('copy', "now() - interval '1 day'");
    await api.POST('/api/v1/jobs/{id}/suspend', { params: { path: { id: 'copy' } } });
    expect(shown(await plan(api, config))).toEqual([]);
  });

  it('replace a job only when that is meant, and go on after one that died between the halves', async () => {
    await apply(api, await plan(api, config));
    const other: Config = { ...config, jobs: { copy: job('public.customers') } };
    const planned = await plan(api, other);
    expect(shown(planned)).toEqual(['replace job copy']);
    expect(planned.steps.find(({ kind }) => kind === 'job')!.changes).toEqual([
      { field: 'stages.rows.tables', before: ['public.orders'], after: ['public.customers'] },
    ]);
    await expect(apply(api, planned)).rejects.toThrow('job copy: a job cannot change while it is there');
    await api.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id: 'copy' } } });
    await api.DELETE('/api/v1/jobs/{id}', { params: { path: { id: 'copy' } } });
    expect((await apply(api, planned, { replace: true })).map(({ action }) => action)).toEqual(['create']);
    expect(shown(await plan(api, other))).toEqual([]);
  });

  it('end nothing when the new document is no pipeline', async () => {
    await apply(api, await plan(api, config));
    const broken: Config = {
      ...config,
      jobs: { copy: { stages: { rows: { source: 'shop', tables: ['public.t'] } } } },
    };
    await expect(apply(api, await plan(api, broken), { replace: true })).rejects.toMatchObject({
      code: 'pipeline.invalid',
    });
    expect(shown(await plan(api, config))).toEqual([]);
  });

  it('delete only when asked, jobs before what they use', async () => {
    await apply(api, await plan(api, config));
    expect(shown(await plan(api, {}))).toEqual([]);
    const planned = await plan(api, {}, { prune: true });
    expect(shown(planned)).toEqual(['delete job copy', 'delete sink warehouse', 'delete source shop']);
    await apply(api, planned);
    expect(await apply(api, planned)).toEqual([]);
    expect((await api.GET('/api/v1/sources')).data!.items).toEqual([]);
  });

  it('refuse a plan when somebody has changed things meanwhile, and do nothing', async () => {
    await apply(api, await plan(api, config));
    const changed: Config = { ...config, sinks: { warehouse: { type: 'fixture', config: { host: 'c' } } } };
    const planned = await plan(api, changed);
    const path = { id: 'warehouse' };
    await api.PATCH('/api/v1/sinks/{id}', { params: { path }, body: { config: { host: 'd' } } });
    await expect(apply(api, planned)).rejects.toThrow(/sink warehouse: now change, planned change.*Nothing was done/);
    expect((await api.GET('/api/v1/sinks/{id}', { params: { path } })).data!.config).toEqual({ host: 'd' });
  });

  it('do not overwrite what somebody changes in the very moment', async () => {
    await apply(api, await plan(api, config));
    const changed: Config = { ...config, sinks: { warehouse: { type: 'fixture', config: { host: 'c' } } } };
    const baseUrl = await server.app.getUrl();
    const path = { id: 'warehouse' };
    const overtaken = createClient({
      baseUrl,
      fetch: async (request) => {
        if ((request as Request).method === 'PATCH')
          await api.PATCH('/api/v1/sinks/{id}', { params: { path }, body: { config: { host: 'd' } } });
        return fetch(request);
      },
    });
    await expect(apply(overtaken, await plan(api, changed))).rejects.toMatchObject({
      cause: { code: 'catalog.version_conflict' },
    });
    expect((await api.GET('/api/v1/sinks/{id}', { params: { path } })).data!.config).toEqual({ host: 'd' });
  });

  it('take a job of an uploaded module, and see when its sources change', async () => {
    const { data } = await api.POST('/api/v1/modules', { body: { code: MODULE } });
    const coded: Config = { ...config, jobs: { coded: { module: data!.sha256, options: { rate: 1 } } } };
    await apply(api, await plan(api, coded));
    expect(shown(await plan(api, coded, { prune: true }))).toEqual([]);
    await begun('coded', 'now()');
    const changed: Config = { ...coded, sources: { shop: { type: 'fixture', config: { host: 'c' } } } };
    expect(shown(await plan(api, changed))).toEqual(['change source shop', 'restart job coded']);
  });

  it('stop at the first failure, say what is done and what is not, and go on when it is mended', async () => {
    const half: Config = { ...config, jobs: { ...config.jobs, second: job('public.unknown') } };
    const lacking: Config = {
      ...half,
      jobs: {
        copy: { stages: { ...job('t').stages, out: { input: 'rows', sink: 'nobody' } } },
        second: job('public.t'),
      },
    };
    const failed = await apply(api, await plan(api, lacking)).then(
      () => undefined,
      (error: unknown) => error as ApplyFailed,
    );
    expect(failed).toBeInstanceOf(ApplyFailed);
    expect(failed!.done.map(({ name }) => name)).toEqual(['shop', 'warehouse']);
    expect(failed!.failed.name).toBe('copy');
    expect(failed!.notDone.map(({ name }) => name)).toEqual(['second']);
    expect(failed!.message).toContain('done: create source shop, create sink warehouse\nnot done: create job copy');
    expect(shown(await plan(api, config))).toEqual(['create job copy']);
  });

  it('refuse secrets that are none of a reference without repeating them, and everything else that cannot be, at once', async () => {
    const problems = await plan(api, {
      sources: {
        shop: { type: 'fixture', config: { host: 'a', password: 'hunter2' } },
        other: { type: 'fixture', config: { host: 'postgres://u:hunter2@h/db' } },
      },
      jobs: { copy: { ...job('public.t'), name: 'another' }, twice: job('public.t') },
      subscriptions: { twice: { source: 'shop', tables: ['public.t'] } },
      ...({ streams: {} } as object),
    }).then(
      () => '',
      ({ message }: Error) => message,
    );
    expect(problems).not.toContain('hunter2');
    expect(problems.split('\n')).toEqual([
      'streams: is no section; there are sources, sinks, jobs, subscriptions, schedules',
      'sources.shop.config.password: is a secret and has to be a reference: ${env:NAME} or ${file:/run/secrets/x}',
      'sources.other.config.host: holds a secret, where everybody who may read would see it',
      'jobs.copy: has the name "another" inside; leave it out there',
      'subscriptions.twice: a subscription is a job of its name, and there is a job twice',
    ]);
    expect(() => mergeConfigs([config, config])).toThrow('sources.shop: is there twice');
  });

  it('never show a secret that the API keeps, and put the reference in its place', async () => {
    await api.POST('/api/v1/sources', {
      body: { name: 'shop', type: 'fixture', config: { host: 'a', password: 'hunter2' } },
    });
    const planned = await plan(api, config);
    expect(JSON.stringify(planned)).not.toContain('hunter2');
    expect(planned.steps[0]!.changes).toEqual([
      { field: 'config.password', before: '********', after: '${env:SHOP_PASSWORD}' },
    ]);
    await apply(api, planned);
    expect(shown(await plan(api, config))).toEqual([]);
  });
});
