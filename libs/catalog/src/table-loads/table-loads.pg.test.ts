import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { Catalog, type Job, SecretBox } from '../index.ts';

let database: TestDatabase;
let catalog: Catalog;

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase('loads');
  const secretBox = SecretBox.of(Buffer.alloc(32, 1).toString('base64'));
  catalog = await Catalog.open({ url: database.url, secretBox, env: {} });
});
afterAll(async () => {
  await catalog?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

const job = (name: string): Promise<Job> =>
  catalog.jobs.create(ulids.next(), { name, document: { name }, uses: { source: [], sink: [] } });
const refused = (code: string) => ({ code: expect.objectContaining({ code }), mend: expect.stringMatching(/./) });

describe('requests to load tables again', () => {
  it('are written down once, restart the job, and are open until they are finished', async () => {
    const { id, restartRequested, version } = await job('copy');
    const request = { id: ulids.next(), stage: 'rows', tables: ['public.a', 'public.b'] };
    const load = await catalog.tableLoads.request(id, request);
    expect(load).toMatchObject({ ...request, finishedAt: null, outcome: null });
    // The same request again: neither a second load nor a second restart.
    expect(await catalog.tableLoads.request(id, request)).toEqual(load);
    expect(await catalog.jobs.get(id)).toMatchObject({
      restartRequested: restartRequested + 1,
      version: version + 1,
      desired: 'running',
    });
    const later = await catalog.tableLoads.request(id, { id: ulids.next(), stage: 'rows', tables: ['public.c'] });
    expect((await catalog.tableLoads.open(id)).map((each) => each.id)).toEqual([load.id, later.id]);
    await catalog.tableLoads.finish(id, load.id, 'done');
    await catalog.tableLoads.finish(id, load.id, 'refused');
    expect((await catalog.tableLoads.open(id)).map((each) => each.id)).toEqual([later.id]);
    const [newest, oldest] = await catalog.tableLoads.list(id);
    expect(newest).toEqual(later);
    expect(oldest).toMatchObject({ id: load.id, outcome: 'done', finishedAt: expect.any(Date) });
    const { items } = await catalog.audit.list({ action: 'job.load_tables' }, { limit: 10 });
    expect(items.map(({ after }) => after)).toEqual(
      expect.arrayContaining([{ load: load.id, stage: 'rows', tables: request.tables }]),
    );
  });

  it('are refused for a table in an open one, beyond twenty, and when the job has ended', async () => {
    const { id } = await job('busy');
    const request = (table: string, stage = 'rows') =>
      catalog.tableLoads.request(id, { id: ulids.next(), stage, tables: [table, `${table}_more`] });
    const [first, second] = await Promise.allSettled([request('public.a'), request('public.a')]);
    expect([first!.status, second!.status].sort()).toEqual(['fulfilled', 'rejected']);
    const check = { stage: 'rows', tables: ['public.a_more'] };
    await expect(catalog.tableLoads.check(id, check)).rejects.toMatchObject(refused('table_load.is_loading'));
    await request('public.a', 'other');
    for (let count = 2; count < 20; count++) await request(`public.t${count}`);
    await expect(request('public.last')).rejects.toMatchObject(refused('table_load.too_many'));
    await catalog.jobs.cancel(id);
    await expect(request('public.z')).rejects.toMatchObject(refused('job.wrong_state'));
    expect(await catalog.tableLoads.open(id)).toHaveLength(20);
  });
});
