import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EXECUTION_QUEUE, FiguresBoard, figuresKey, POKE_CHANNEL } from '@millrace/cluster';
import { MASK } from '@millrace/kernel';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { definitionViewSchema } from '../src/definitions/definition.schemas.ts';
import { submittedJobSchema } from '../src/jobs/job.schemas.ts';
import { fixtureConnectors, world } from './fixture-connectors.ts';
import { runningFigures } from './running-figures.ts';
import { startApi, type TestApi } from './start-api.ts';

const PASSWORD = 'correct-horse-battery';
const ENV_PASSWORD = 'staple-from-the-environment';

let api: TestApi;
let redis: Redis;

beforeAll(async () => {
  api = await startApi(fixtureConnectors, { SHOP_PASSWORD: ENV_PASSWORD });
  redis = new Redis(api.redisUrl);
  for (const role of ['sources', 'sinks']) {
    await api.request('POST', `/api/v1/${role}`, {
      name: role === 'sources' ? 'shop' : 'wh',
      type: 'fixture',
      config: { host: 'a', password: PASSWORD },
    });
  }
});
afterEach(() => {
  Object.assign(world, { findings: [], disposed: [], disposeFails: false });
});
afterAll(async () => {
  redis.disconnect();
  await api[Symbol.asyncDispose]();
});

const job = (name: string, rest: object = {}) => ({
  name,
  stages: { orders: { source: 'shop', tables: ['public.orders'] }, copy: { input: 'orders', sink: 'wh' } },
  ...rest,
});

function expectProblem(answer: { status: number; headers: object; body: unknown }, status: number, code: string): void {
  expect({ status: answer.status, code: (answer.body as { code: string }).code }).toEqual({ status, code });
  expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json; charset=utf-8' });
  expect(answer.body).toMatchObject({
    type: `urn:millrace:error:${code}`,
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
    mend: expect.stringMatching(/./),
    instance: expect.stringMatching(/^\//),
    requestId: (answer.headers as Record<string, unknown>)['x-request-id'],
  });
}

describe.each(['sources', 'sinks'])('%s', (path) => {
  const url = `/api/v1/${path}`;
  const role = path.slice(0, -1);

  it('are made, shown, listed, changed and deleted; secrets only go in', async () => {
    const input = { name: `crud-${role}`, type: 'fixture', config: { host: 'h', password: PASSWORD } };
    const made = await api.request('POST', url, input);
    expect(made).toMatchObject({
      status: 201,
      headers: { etag: '"1"' },
      body: { name: input.name, config: { host: 'h', password: MASK }, version: 1 },
    });
    expect(made.body.id).toMatch(/^[0-9A-Z]{26}$/);
    expect(definitionViewSchema.strict().parse(made.body)).toEqual(made.body);
    for (const id of [made.body.id, input.name])
      expect((await api.request('GET', `${url}/${id}`)).body).toEqual(made.body);

    const changed = await api.request(
      'PATCH',
      `${url}/${input.name}`,
      { name: `crud2-${role}`, config: { port: 7, password: MASK } },
      { 'if-match': '"1"' },
    );
    expect(changed).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
      body: { name: `crud2-${role}`, config: { host: 'h', port: 7, password: MASK } },
    });
    const without = await api.request('PATCH', `${url}/${made.body.id}`, { config: { password: null, port: null } });
    expect(without.body.config).toEqual({ host: 'h' });

    const stale = await api.request('PATCH', `${url}/${made.body.id}`, { config: { port: 9 } }, { 'if-match': '"1"' });
    expectProblem(stale, 412, 'catalog.version_conflict');
    expectProblem(
      await api.request('DELETE', `${url}/${made.body.id}`, undefined, { 'if-match': '"1"' }),
      412,
      'catalog.version_conflict',
    );
    expectProblem(
      await api.request('DELETE', `${url}/${made.body.id}`, undefined, { 'if-match': 'three' }),
      400,
      'request.bad_header',
    );
    expect(await api.request('DELETE', `${url}/${made.body.id}`, undefined, { 'if-match': '"3"' })).toMatchObject({
      status: 204,
      text: '',
    });
    expectProblem(await api.request('DELETE', `${url}/${made.body.id}`), 404, `${role}.unknown`);
  });

  it('are listed in pages', async () => {
    for (const name of ['page-a', 'page-b', 'page-c'])
      await api.request('POST', url, { name, type: 'fixture', config: { host: 'h' } });
    const names: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await api.request('GET', `${url}?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(page.body.items.length).toBeLessThanOrEqual(2);
      names.push(...page.body.items.map(({ name }: { name: string }) => name));
      cursor = page.body.nextCursor;
    }
    expect(names).toEqual(expect.arrayContaining(['page-a', 'page-b', 'page-c']));
    expect(new Set(names).size).toBe(names.length);
    expectProblem(await api.request('GET', `${url}?cursor=bogus`), 400, 'request.bad_parameter');
    const wrong = await api.request('GET', `${url}?limit=0&page=2`);
    expectProblem(wrong, 400, 'request.bad_parameter');
    expect(wrong.body.errors.map(({ parameter }: { parameter: string }) => parameter).sort()).toEqual([
      'limit',
      'page',
    ]);
  });

  it('are refused with every error at once', async () => {
    const answer = await api.request('POST', url, { name: '1 bad', type: 5, config: { host: 'h' }, conifg: {} });
    expectProblem(answer, 422, 'input.invalid');
    expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      '/conifg',
      '/name',
      '/type',
    ]);
    expect(answer.text).toContain('Did you mean \\"config\\"');
    const options = await api.request('POST', url, {
      name: 'x',
      type: 'fixture',
      config: { hots: 'h', port: 'p', password: MASK },
    });
    expectProblem(options, 422, 'input.invalid');
    expect(
      options.body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${code} ${pointer}`).sort(),
    ).toEqual([
      'input.masked_secret /config/password',
      'input.missing_field /config/host',
      'input.unknown_field /config/hots',
      'input.wrong_type /config/port',
    ]);
    for (const error of options.body.errors)
      expect(error).toMatchObject({ detail: expect.stringMatching(/./), mend: expect.stringMatching(/./) });
  });

  it('name what is near when unknown or taken', async () => {
    const near = role === 'source' ? ['shpo', 'shop'] : ['whh', 'wh'];
    const unknown = await api.request('GET', `${url}/${near[0]}`);
    expectProblem(unknown, 404, `${role}.unknown`);
    expect(unknown.body.mend).toContain(`"${near[1]}"`);
    const taken = await api.request('POST', url, { name: near[1], type: 'fixture', config: { host: 'h' } });
    expectProblem(taken, 409, `${role}.name_taken`);
    expect(taken.body.pointer).toBe('/name');
    const type = await api.request('POST', url, { name: 'typo', type: 'fixtrue', config: {} });
    expectProblem(type, 422, 'input.invalid');
    expect(type.body).toMatchObject({
      pointer: '/type',
      errors: [{ code: 'connector.unknown_type', mend: expect.stringContaining('fixture') }],
    });
  });
});

describe('check', () => {
  it('gives findings with their repair, and secrets reach the connector only', async () => {
    world.findings = [
      { code: 'fixture.broken', severity: 'error', message: 'broken', mend: 'ALTER SYSTEM …', pointer: '/host' },
    ];
    const answer = await api.request('POST', '/api/v1/sources/shop/check');
    expect(answer).toMatchObject({ status: 200, body: { ok: false, findings: world.findings } });
    expect(world.password).toBe(PASSWORD);
    world.findings = [];
    expect((await api.request('POST', '/api/v1/sources/shop/check')).body).toEqual({ ok: true, findings: [] });
  });

  it('follows references, shows them, and finds those that lead nowhere', async () => {
    await api.request('POST', '/api/v1/sources', {
      name: 'by-env',
      type: 'fixture',
      config: { host: 'a', password: '${env:SHOP_PASSWORD}' },
    });
    expect((await api.request('GET', '/api/v1/sources/by-env')).body.config.password).toBe('${env:SHOP_PASSWORD}');
    await api.request('POST', '/api/v1/sources/by-env/check');
    expect(world.password).toBe(ENV_PASSWORD);
    await api.request('PATCH', '/api/v1/sources/by-env', { config: { password: '${file:/absent/file}' } });
    const answer = await api.request('POST', '/api/v1/sources/by-env/check');
    expect(answer.body).toMatchObject({
      ok: false,
      findings: [{ code: 'secret.reference_unresolved', pointer: '/password', severity: 'error' }],
    });
  });
});

describe('jobs', () => {
  it('are submitted, queued, shown and commanded', async () => {
    await using subscriber = Object.assign(new Redis(api.redisUrl), {
      async [Symbol.asyncDispose]() {
        subscriber.disconnect();
      },
    });
    const pokes: string[] = [];
    await subscriber.subscribe(POKE_CHANNEL);
    const poked = (count: number) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (pokes.length >= count) resolve();
        };
        subscriber.on('message', look);
        look();
      });
    subscriber.on('message', (_, message) => pokes.push(message));

    const made = await api.request('POST', '/api/v1/jobs', job('life'));
    expect(made).toMatchObject({
      status: 201,
      headers: { etag: '"1"' },
      body: {
        name: 'life',
        status: 'NOT_RUNNING',
        desired: 'running',
        error: null,
        warnings: [],
        document: { ...job('life'), snapshotInterval: '1s' },
      },
    });
    expect(submittedJobSchema.strict().parse(made.body)).toEqual(made.body);
    const { id } = made.body;
    const queue = new Queue(EXECUTION_QUEUE, { connection: { url: api.redisUrl } as never });
    try {
      expect((await queue.getJobs()).filter((task) => task.data.jobId === id)).toEqual([
        expect.objectContaining({ name: 'execute', id: `${id}-1` }),
      ]);
      await queue.obliterate({ force: true });
    } finally {
      await queue.close();
    }
    expect((await api.request('GET', '/api/v1/jobs/life')).body).toMatchObject({ id, name: 'life' });
    expect((await api.request('GET', '/api/v1/jobs')).body.items).toEqual([expect.objectContaining({ id })]);

    for (const [verb, desired] of [
      ['suspend', 'suspended'],
      ['suspend', 'suspended'],
      ['resume', 'running'],
      ['restart', 'running'],
      ['cancel', 'cancelled'],
      ['cancel', 'cancelled'],
    ]) {
      expect(await api.request('POST', `/api/v1/jobs/life/${verb}`)).toMatchObject({
        status: 202,
        body: { id, desired },
      });
    }
    for (const verb of ['suspend', 'resume', 'restart']) {
      expectProblem(await api.request('POST', `/api/v1/jobs/life/${verb}`), 409, 'job.wrong_state');
    }
    await poked(7);
    expect(pokes.filter((poke) => poke === id)).toHaveLength(7);

    expect(await api.request('DELETE', '/api/v1/jobs/life')).toMatchObject({
      status: 200,
      body: { id, name: 'life', leftovers: [] },
    });
    expect(world.disposed).toEqual(['orders', 'copy']);
    expect(await redis.keys(`millrace:{${id}}:*`)).toEqual([`millrace:{${id}}:generation`]);
    expectProblem(await api.request('GET', '/api/v1/jobs/life'), 404, 'job.unknown');
  });

  it('tell live figures, or that there are none', async () => {
    const { id } = (await api.request('POST', '/api/v1/jobs', job('figures'))).body;
    expectProblem(await api.request('GET', '/api/v1/jobs/figures/metrics'), 404, 'job.no_figures');
    const figures = runningFigures(id);
    await new FiguresBoard(redis).tell(figures, { snapshots: [], point: undefined });
    expect(await api.request('GET', '/api/v1/jobs/figures/metrics')).toMatchObject({
      status: 200,
      body: { jobId: id, flow: figures.flow, lag: { of: 'sink', bytes: null }, vertices: [{ watermark: null }, {}] },
    });
    await redis.del(figuresKey(id));
  });

  it('that are active are not deleted, and keep their source and sink', async () => {
    await api.request('POST', '/api/v1/jobs', job('active'));
    const active = await api.request('DELETE', '/api/v1/jobs/active');
    expectProblem(active, 409, 'job.active');
    expect(active.body.mend).toContain('POST /api/v1/jobs/active/cancel');
    for (const [path, code] of [
      ['sources/shop', 'source.in_use'],
      ['sinks/wh', 'sink.in_use'],
    ]) {
      const inUse = await api.request('DELETE', `/api/v1/${path}`);
      expectProblem(inUse, 409, code!);
      expect(inUse.body.details.jobs).toContain('active');
      expectProblem(await api.request('PATCH', `/api/v1/${path}`, { name: 'renamed' }), 409, code!);
    }
    const taken = await api.request('POST', '/api/v1/jobs', job('active'));
    expectProblem(taken, 409, 'job.name_taken');
  });

  it('leave word of what could not be removed', async () => {
    await api.request('POST', '/api/v1/jobs', job('leftovers'));
    await api.request('POST', '/api/v1/jobs/leftovers/cancel');
    world.disposeFails = true;
    const gone = await api.request('DELETE', '/api/v1/jobs/leftovers');
    expect(gone).toMatchObject({
      status: 200,
      body: {
        leftovers: [{ stage: 'orders', code: 'fixture.dispose_failed', detail: 'a is away' }, { stage: 'copy' }],
      },
    });
    expectProblem(await api.request('GET', '/api/v1/jobs/leftovers'), 404, 'job.unknown');
  });

  it('are refused for what is wrong with the document, all at once', async () => {
    const answer = await api.request('POST', '/api/v1/jobs', {
      name: 'bad',
      garantee: 'none',
      stages: {
        orders: { source: 'shpo', tables: ['public.orders'] },
        more: { source: 'shop', tabels: [], tables: 'x' },
        copy: { input: 'ordesr', sink: 'wh' },
      },
    });
    expectProblem(answer, 422, 'pipeline.invalid');
    expect(
      answer.body.errors.map(({ code, pointer }: { code: string; pointer: string }) => `${code} ${pointer}`),
    ).toEqual([
      'input.unknown_field /garantee',
      'source.unknown /stages/orders/source',
      'input.wrong_type /stages/more/tables',
      'input.unknown_field /stages/more/tabels',
    ]);
    expect(answer.text).toContain('Did you mean \\"shop\\"');
    const graph = await api.request('POST', '/api/v1/jobs', {
      name: 'bad',
      stages: { orders: { source: 'shop', tables: ['a'] }, copy: { input: 'ordesr', sink: 'wh' } },
    });
    expect(graph.body.errors).toMatchObject([
      { code: 'pipeline.unknown_input', pointer: '/stages/copy/input', mend: expect.stringContaining('"orders"') },
    ]);
  });

  it('are refused where a dead letter could be lost behind a sink that is ahead of snapshots', async () => {
    const ask = (onError: unknown, mode: string) =>
      api.request('POST', '/api/v1/jobs?check=false', {
        ...job('unsteady'),
        guarantee: 'at-least-once',
        stages: {
          orders: { source: 'shop', tables: ['public.orders'] },
          scored: {
            input: 'orders',
            mapAsync: { module: 'a'.repeat(64), export: 'score', of: { id: 'after.id' }, columns: { score: 'int4' } },
            onError,
          },
          some: { input: 'scored', filter: 'score > 1' },
          copy: { input: 'some', sink: 'wh', mode },
        },
      });
    expect((await ask({ action: 'dead-letter' }, 'upsert')).body).toMatchObject({
      code: 'pipeline.invalid',
      errors: [{ code: 'pipeline.unsteady_letters', pointer: '/stages/scored/onError' }],
    });
    // These pass, up to the module, which is not there.
    expect((await ask({ action: 'dead-letter' }, 'post')).body).toMatchObject({ code: 'module.unknown' });
    expect((await ask('skip', 'upsert')).body).toMatchObject({ code: 'module.unknown' });
  });

  it('are refused when they ask a sink for more than it holds', async () => {
    world.findings = [];
    const stages = { ...job('x').stages, copy: { input: 'orders', sink: 'wh', mode: 'post' } };
    const refused = await api.request('POST', '/api/v1/jobs', job('more', { stages }));
    expectProblem(refused, 422, 'job.preflight_failed');
    expect(refused.body.errors).toMatchObject([
      {
        code: 'job.guarantee_out_of_reach',
        pointer: '/stages/copy/mode',
        detail: expect.stringContaining('holds at-least-once at most'),
        mend: expect.stringContaining('"guarantee": "at-least-once"'),
      },
    ]);
    const less = job('less', { stages, guarantee: 'at-least-once' });
    expect((await api.request('POST', '/api/v1/jobs', less)).status).toBe(201);
  });

  it('are refused for what their systems say, unless not asked', async () => {
    world.findings = [
      { code: 'fixture.broken', severity: 'error', message: 'broken', mend: 'ALTER SYSTEM …', pointer: '/host' },
      { code: 'fixture.odd', severity: 'warning', message: 'odd' },
    ];
    const bad = {
      ...job('systems'),
      stages: {
        ...job('x').stages,
        slim: { input: 'orders', select: { a: 'after.total', b: 'nope' } },
        copy2: { input: 'slim', sink: 'wh' },
      },
    };
    const refused = await api.request('POST', '/api/v1/jobs', bad);
    expectProblem(refused, 422, 'job.preflight_failed');
    expect(refused.body.errors).toMatchObject([
      {
        code: 'fixture.broken',
        pointer: '/stages/orders/source',
        mend: 'ALTER SYSTEM …',
        detail: 'source "shop": broken',
      },
      { code: 'pipeline.select_unknown_column', pointer: '/stages/slim/select/b' },
    ]);
    world.findings = [world.findings[1]!];
    const noKey = { ...bad, stages: { ...bad.stages, slim: { input: 'orders', select: { a: 'after.total' } } } };
    expect((await api.request('POST', '/api/v1/jobs', noKey)).body.errors).toMatchObject([
      { code: 'fixture.no_key', pointer: '/stages/copy2/mode' },
    ]);
    expect((await api.request('POST', '/api/v1/jobs?check=false', noKey)).status).toBe(201);
    const warned = await api.request('POST', '/api/v1/jobs', job('warned'));
    expect(warned).toMatchObject({ status: 201, body: { warnings: [{ code: 'fixture.odd', severity: 'warning' }] } });
    expectProblem(await api.request('POST', '/api/v1/jobs?check=maybe', job('y')), 400, 'request.bad_parameter');
  });
});

describe('idempotency keys', () => {
  it('give the first answer again, and refuse another body', async () => {
    const input = { name: 'idem', type: 'fixture', config: { host: 'h', password: PASSWORD } };
    const key = { 'idempotency-key': 'k1' };
    const first = await api.request('POST', '/api/v1/sources', input, key);
    const second = await api.request('POST', '/api/v1/sources', input, key);
    expect(second).toMatchObject({
      status: 201,
      body: first.body,
      headers: { 'idempotent-replayed': 'true', etag: '"1"' },
    });
    expectProblem(
      await api.request('POST', '/api/v1/sources', { ...input, name: 'other' }, key),
      422,
      'idempotency.other_body',
    );
    expect((await api.request('POST', '/api/v1/sinks', input, key)).status).toBe(201);
    expectProblem(
      await api.request('POST', '/api/v1/sources', input, { 'idempotency-key': '' }),
      400,
      'request.bad_header',
    );
  });

  it('may be used again after a refusal', async () => {
    const key = { 'idempotency-key': 'k2' };
    expectProblem(
      await api.request('POST', '/api/v1/sources', { name: 'idem2', type: 'fixture', config: {} }, key),
      422,
      'input.invalid',
    );
    expect(
      (await api.request('POST', '/api/v1/sources', { name: 'idem2', type: 'fixture', config: { host: 'h' } }, key))
        .status,
    ).toBe(201);
  });

  it('make one of many requests at once', async () => {
    const input = { name: 'idem3', type: 'fixture', config: { host: 'h' } };
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => api.request('POST', '/api/v1/sources', input, { 'idempotency-key': 'k3' })),
    );
    for (const { status, body } of answers) expect(status === 201 || body.code === 'idempotency.busy').toBe(true);
    expect(answers.some(({ status }) => status === 201)).toBe(true);
  });

  it('find what a request made that died before its answer was kept', async () => {
    const input = { name: 'idem4', type: 'fixture', config: { host: 'h' } };
    const key = { 'idempotency-key': 'k4' };
    const first = await api.request('POST', '/api/v1/sources', input, key);
    await api.database.query(
      `UPDATE millrace.idempotency_key SET status = NULL, body = NULL, claimed_at = now() - interval '2 minutes' WHERE key = 'k4'`,
    );
    const second = await api.request('POST', '/api/v1/sources', input, key);
    expect(second).toMatchObject({ status: 201, body: first.body });
  });
});

describe('requests that are not even wrong', () => {
  it.each([
    ['malformed JSON', 'POST', '/api/v1/jobs', '{"a": }', 400, 'request.malformed_json'],
    ['a poisoned key', 'POST', '/api/v1/jobs', '{"__proto__": {}}', 400, 'request.malformed_json'],
    ['an empty body', 'POST', '/api/v1/jobs', '', 400, 'request.malformed_json'],
    [
      'a body that is too large',
      'POST',
      '/api/v1/jobs',
      JSON.stringify('x'.repeat(1_100_000)),
      413,
      'request.body_too_large',
    ],
    ['an unknown route', 'GET', '/api/v1/jbos', undefined, 404, 'request.no_such_route'],
    ['an unknown verb', 'PUT', '/api/v1/jobs', {}, 404, 'request.no_such_route'],
    ['a list as body', 'POST', '/api/v1/sources', [], 422, 'input.invalid'],
    ['no body', 'POST', '/api/v1/sources', undefined, 422, 'input.invalid'],
    ['a body like a well', 'POST', '/api/v1/jobs', '['.repeat(200_000) + ']'.repeat(200_000), 422, 'input.invalid'],
    ['a name no database would take', 'GET', '/api/v1/jobs/%00', undefined, 404, 'job.unknown'],
    ['no document', 'POST', '/api/v1/jobs', undefined, 422, 'pipeline.invalid'],
    ['a bad escape', 'GET', '/api/v1/jobs/%E0%A4%A', undefined, 400, 'request.refused'],
  ])('%s', async (_, method, path, body, status, code) => {
    expectProblem(await api.request(method, path, body), status, code);
  });

  it('another media type', async () => {
    expectProblem(
      await api.request('POST', '/api/v1/jobs', '<job/>', { 'content-type': 'application/xml' }),
      415,
      'request.unsupported_media_type',
    );
  });

  it('pages of other sites, and names of this machine that are not', async () => {
    expectProblem(
      await api.request('GET', '/api/v1/jobs', undefined, { host: 'evil.example' }),
      403,
      'request.foreign_origin',
    );
    expectProblem(
      await api.request('POST', '/api/v1/jobs/x/cancel', undefined, { origin: 'https://evil.example' }),
      403,
      'request.foreign_origin',
    );
    expect(
      (await api.request('GET', '/healthz', undefined, { host: 'localhost:8080', origin: 'http://localhost:8080' }))
        .status,
    ).toBe(200);
  });
});

describe('the API as a whole', () => {
  it("keeps a caller's request id", async () => {
    expect((await api.request('GET', '/healthz', undefined, { 'x-request-id': 'abc-1' })).headers['x-request-id']).toBe(
      'abc-1',
    );
    expect(
      (await api.request('GET', '/healthz', undefined, { 'x-request-id': 'a\tb{' })).headers['x-request-id'],
    ).toMatch(/^[0-9A-Z]{26}$/);
  });

  it('is live and ready', async () => {
    expect(await api.request('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await api.request('GET', '/readyz')).toMatchObject({ status: 200 });
  });

  it('lists connectors with their schemas', async () => {
    const { body } = await api.request('GET', '/api/v1/connectors');
    expect(body.items).toHaveLength(2);
    expect(body.items[0]).toMatchObject({
      type: 'fixture',
      role: 'source',
      config: { properties: { password: { 'x-millrace-secret': true } }, additionalProperties: false },
      stage: { required: ['tables'] },
      capabilities: { initialLoad: true, follows: 'always', changes: true, parallel: false, lookup: false },
      guarantees: [{ mode: {}, level: 'exactly-once', how: 'By the fixture.', needs: [] }],
    });
    expect(body.items[1].guarantees[0]).toMatchObject({ mode: { mode: 'upsert' }, visible: 'at-once' });
  });

  it('logs failures of its own with the request id and answers without their reasons', async () => {
    await api.database.query('ALTER TABLE millrace.job RENAME TO job_away');
    try {
      const answer = await api.request('GET', '/api/v1/jobs', undefined, { 'x-request-id': 'broken-1' });
      expectProblem(answer, 500, 'internal');
      expect(answer.text).not.toMatch(/relation|millrace\.job|stack|\.ts/);
      const line = api.said.find((text) => text.startsWith('{"level":50') && text.includes('broken-1'));
      expect(line).toContain('relation');
    } finally {
      await api.database.query('ALTER TABLE millrace.job_away RENAME TO job');
    }
  });

  it('describes every route in OpenAPI 3.1, with its problems', async () => {
    const { body: document } = await api.request('GET', '/api/openapi.json');
    expect(document.openapi).toBe('3.1.0');
    const routes = Object.entries(
      document.paths as Record<string, Record<string, { responses: Record<string, unknown>; operationId: string }>>,
    );
    const listed = routes
      .flatMap(([path, verbs]) => Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path}`))
      .sort();
    const lines: string[] = [];
    for (const role of ['sinks', 'sources']) {
      lines.push(
        `GET /api/v1/${role}`,
        `POST /api/v1/${role}`,
        `GET /api/v1/${role}/{id}`,
        `PATCH /api/v1/${role}/{id}`,
        `DELETE /api/v1/${role}/{id}`,
        `POST /api/v1/${role}/{id}/check`,
        `POST /api/v1/${role}/probe`,
      );
    }
    lines.push(
      'GET /api/v1/jobs',
      'POST /api/v1/jobs',
      'GET /api/v1/jobs/{id}',
      'DELETE /api/v1/jobs/{id}',
      'GET /api/v1/jobs/{id}/metrics',
      'GET /api/v1/jobs/{id}/events',
      'GET /api/v1/jobs/{id}/executions',
      'GET /api/v1/jobs/{id}/history',
      'GET /api/v1/jobs/{id}/snapshots',
      'GET /api/v1/jobs/{id}/tables',
      'GET /api/v1/jobs/{id}/loads',
      'POST /api/v1/jobs/{id}/loads',
      'POST /api/v1/jobs/plan',
      'GET /api/v1/modules',
      'POST /api/v1/modules',
      'GET /api/v1/modules/{id}',
      'GET /api/v1/modules/{id}/code',
      'DELETE /api/v1/modules/{id}',
      'GET /api/v1/schedules',
      'POST /api/v1/schedules',
      'GET /api/v1/schedules/{id}',
      'PATCH /api/v1/schedules/{id}',
      'DELETE /api/v1/schedules/{id}',
      'GET /api/v1/schedules/{id}/runs',
    );
    for (const verb of ['run', 'suspend', 'resume']) lines.push(`POST /api/v1/schedules/{id}/${verb}`);
    for (const verb of ['suspend', 'resume', 'restart', 'cancel']) lines.push(`POST /api/v1/jobs/{id}/${verb}`);
    for (const verb of ['replay', 'cancel-replay', 'discard'])
      lines.push(`POST /api/v1/jobs/{id}/dead-letters/${verb}`);
    lines.push(
      'GET /api/v1/jobs/{id}/dead-letters',
      'GET /api/v1/jobs/{id}/dead-letters/groups',
      'GET /api/v1/jobs/{id}/dead-letters/{letterId}',
      'PATCH /api/v1/jobs/{id}/dead-letters/{letterId}',
      'DELETE /api/v1/jobs/{id}/dead-letters/{letterId}/edit',
      'GET /api/v1/audit',
    );
    lines.push('GET /api/v1/overview', 'GET /api/v1/events', 'GET /api/v1/members');
    lines.push('POST /api/v1/members/{id}/drain', 'DELETE /api/v1/members/{id}/drain');
    lines.push('GET /api/v1/sources/{id}/tables', 'GET /api/v1/sources/{id}/slots');
    lines.push('DELETE /api/v1/sources/{id}/slots/{slot}');
    lines.push('GET /api/v1/jobs/{id}/tail', 'GET /api/v1/sources/{id}/tail');
    lines.push('GET /metrics', 'GET /api/v1/connectors', 'GET /healthz', 'GET /readyz');
    lines.push(
      'GET /api/v1/sources/{id}/columns',
      'GET /api/v1/subscriptions',
      'POST /api/v1/subscriptions',
      'GET /api/v1/subscriptions/{id}',
      'DELETE /api/v1/subscriptions/{id}',
      'GET /api/v1/subscriptions/{id}/events',
      'POST /api/v1/subscriptions/{id}/report',
      'POST /api/v1/subscriptions/{id}/refusals',
    );
    lines.push(
      'GET /api/v1/me',
      'POST /api/v1/first-key',
      'POST /api/v1/session',
      'DELETE /api/v1/session',
      'GET /api/v1/api-keys',
      'POST /api/v1/api-keys',
      'DELETE /api/v1/api-keys/{id}',
      'POST /api/v1/api-keys/{id}/rotate',
    );
    expect(listed).toEqual(lines.sort());

    const operations = routes.flatMap(([, verbs]) => Object.values(verbs));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { responses } of operations) {
      expect(Object.keys(responses)).toHaveLength(2);
      expect(responses.default).toMatchObject({
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      });
    }
    const references = JSON.stringify(document)
      .match(/"\$ref":"[^"]+"/g)!
      .map((text) => text.slice(8, -1));
    for (const reference of references) {
      expect(reference).toMatch(/^#\/components\/schemas\//);
      expect(document.components.schemas).toHaveProperty([reference.split('/').at(-1)!]);
    }
    expect(document.components.schemas.Problem.properties).toHaveProperty('mend');
    expect(document.paths['/api/v1/jobs'].post.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/Pipeline',
    });
    expect(document.paths['/api/v1/sources'].post.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/DefinitionInput',
    });
    expect(JSON.stringify(document)).not.toMatch(/"(\$defs|\$schema)"/);
  });

  it('answers as the guide says', async () => {
    const guide = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');
    const [, body, problem] = /-d '([^']+)'\n```\n\n```json\n(.*?)```/s.exec(guide)!;
    await api.request('POST', '/api/v1/sinks', { name: 'warehouse', type: 'fixture', config: { host: 'h' } });
    const answer = await api.request('POST', '/api/v1/jobs', JSON.parse(body!));
    expect(answer.body).toEqual({ ...JSON.parse(problem!), requestId: answer.body.requestId });
  });

  // Last: it looks at everything said above.
  it('never said a password', () => {
    expect(api.said.length).toBeGreaterThan(100);
    expect(api.said.filter((text) => text.includes(PASSWORD) || text.includes(ENV_PASSWORD))).toEqual([]);
  });
});
