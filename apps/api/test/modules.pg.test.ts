import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fixtureConnectors } from './fixture-connectors.ts';
import { startApi, type TestApi } from './start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi(fixtureConnectors);
  for (const [path, name] of [
    ['sources', 'shop'],
    ['sinks', 'wh'],
  ]) {
    await api.request('POST', `/api/v1/${path}`, { name, type: 'fixture', config: { host: 'a', password: 'p' } });
  }
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const code = (body: string): string =>
  `import { Pipeline, RegisteredSinks, RegisteredSources } from '@millrace/pipeline';
export default (options) => {
  const p = Pipeline.create();
  ${body}
  return p;
};`;
const COPY = code(`p.readFrom(RegisteredSources.changes('shop', { tables: ['public.orders'] })).withoutTimestamps()
    .map(({ after }) => after).writeTo(RegisteredSinks.rows('wh', { columns: { id: 'int4' }, key: ['id'] }));`);
const upload = async (text: string): Promise<string> =>
  ((await api.request('POST', '/api/v1/modules', { code: text })).body as { sha256: string }).sha256;

describe('modules', () => {
  it('are kept by the hash of their code, and as long as a job uses them', async () => {
    const sha256 = await upload(COPY);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await upload(COPY)).toBe(sha256);
    const job = await api.request('POST', '/api/v1/jobs', { name: 'copy', module: sha256, options: { a: 1 } });
    expect(job.status).toBe(201);
    expect(job.body).toMatchObject({
      document: {
        module: sha256,
        export: 'default',
        options: { a: 1 },
        uses: [
          { role: 'source', definition: 'shop', options: { tables: ['public.orders'] } },
          { role: 'sink', definition: 'wh' },
        ],
      },
    });
    expect((await api.request('GET', `/api/v1/modules/${sha256}`)).body).toMatchObject({ sha256, jobs: ['copy'] });
    expect((await api.request('GET', `/api/v1/modules/${sha256}/code`)).body).toEqual({ code: COPY });
    // Neither the module nor what it names can go while the job is there.
    expect((await api.request('DELETE', `/api/v1/modules/${sha256}`)).body).toMatchObject({ code: 'module.in_use' });
    expect((await api.request('DELETE', '/api/v1/sources/shop')).body).toMatchObject({ code: 'source.in_use' });
    const unused = await upload(`${COPY}\n`);
    expect((await api.request('DELETE', `/api/v1/modules/${unused}`)).status).toBe(204);
    expect((await api.request('GET', `/api/v1/modules/${unused}`)).body).toMatchObject({
      code: 'module.unknown',
      status: 404,
    });
  });

  it('that do not fit are refused', async () => {
    const large = await api.request('POST', '/api/v1/modules', { code: `//${'x'.repeat(800_000)}` });
    expect([large.status, (large.body as { code: string }).code]).toEqual([413, 'module.too_large']);
    const missing = await api.request('POST', '/api/v1/jobs', { name: 'missing', module: 'a'.repeat(64) });
    expect([missing.status, (missing.body as { code: string }).code]).toEqual([404, 'module.unknown']);
    const sha256 = await upload(
      code(`p.readFrom(RegisteredSources.changes('shoop', { tables: ['a.b'] })).withoutTimestamps()
      .writeTo(RegisteredSinks.rows('wh', { columns: { id: 'int4' }, key: ['id'] }));`),
    );
    const unknown = await api.request('POST', '/api/v1/jobs', { name: 'unknown', module: sha256 });
    expect(unknown.body).toMatchObject({
      status: 422,
      errors: [{ code: 'source.unknown', mend: expect.stringContaining('shop') }],
    });
  });

  it('with functions serve the stages of documents', async () => {
    const sha256 = await upload('export const score = (values) => ({ score: values.id }); export const unit = 1;');
    const stage = (module: string, name: string) => ({
      input: 'orders',
      mapAsync: { module, export: name, of: { id: 'after.id' }, columns: { score: 'int4' } },
    });
    const submit = (name: string, stages: object) =>
      api.request('POST', '/api/v1/jobs', {
        name,
        stages: {
          orders: { source: 'shop', tables: ['public.orders'] },
          ...stages,
          out: { input: 'scored', sink: 'wh' },
        },
      });
    expect((await submit('scored', { scored: stage(sha256, 'scroe') })).body).toMatchObject({
      code: 'pipeline.invalid',
      errors: [
        {
          code: 'pipeline.module_without_function',
          pointer: '/stages/scored/mapAsync/export',
          mend: expect.stringContaining('score'),
        },
      ],
    });
    expect((await submit('scored', { scored: stage(sha256, 'unit') })).body).toMatchObject({
      errors: [{ detail: expect.stringContaining('no function') }],
    });
    expect((await submit('scored', { scored: stage('a'.repeat(64), 'score') })).body).toMatchObject({
      code: 'module.unknown',
    });
    expect((await submit('scored', { scored: stage(sha256, 'score') })).status).toBe(201);
    expect((await api.request('DELETE', `/api/v1/modules/${sha256}`)).body).toMatchObject({ code: 'module.in_use' });
    const two = { first: stage(sha256, 'score'), scored: { ...stage('b'.repeat(64), 'score'), input: 'first' } };
    expect((await submit('two', two)).body).toMatchObject({
      errors: [{ code: 'pipeline.several_modules', pointer: '/stages/scored/mapAsync/module' }],
    });
  });

  it('see no environment, so no secrets', async () => {
    const sha256 = await upload(
      'export default () => { throw new Error(`I see ${Object.keys(process.env).length} variables`); };',
    );
    const { body } = await api.request('POST', '/api/v1/jobs', { name: 'curious', module: sha256 });
    expect(body).toMatchObject({ code: 'module.failed', detail: expect.stringContaining('I see 0 variables') });
  });
});

describe('plans', () => {
  const stages = { orders: { source: 'shop', tables: ['public.orders'] }, copy: { input: 'orders', sink: 'wh' } };

  it('are shown as data and drawn, of documents and of modules, and make nothing', async () => {
    const plan = (document: object, format: string) =>
      api.request('POST', `/api/v1/jobs/plan?format=${format}`, document);
    const planned = await plan({ name: 'p', stages }, 'json');
    expect(planned).toMatchObject({ status: 200, body: { vertices: [{ name: 'orders' }, { name: 'copy' }] } });
    const drawings = await Promise.all(['text', 'dot', 'mermaid'].map((format) => plan({ name: 'p', stages }, format)));
    expect(drawings.map(({ body }) => (body as { drawing: string }).drawing.split('\n')[0])).toEqual([
      'orders x1',
      expect.stringMatching(/^digraph/),
      expect.stringMatching(/^flowchart|^graph/),
    ]);
    const ofModule = await plan({ name: 'p', module: await upload(COPY) }, 'json');
    expect(ofModule).toMatchObject({
      status: 200,
      body: { vertices: expect.arrayContaining([expect.objectContaining({ name: 'wh' })]) },
    });
    expect((await api.request('GET', '/api/v1/jobs/p')).status).toBe(404);
  });
});

it('uploads can be switched off', async () => {
  await using closed = await startApi(fixtureConnectors, { MILLRACE_UPLOADS: 'off' });
  const { status, body } = await closed.request('POST', '/api/v1/modules', { code: COPY });
  expect([status, (body as { code: string }).code]).toEqual([403, 'module.uploads_off']);
});
