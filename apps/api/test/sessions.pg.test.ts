import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fixtureConnectors } from './fixture-connectors.ts';
import { type Answer, startApi, type TestApi } from './start-api.ts';

const SOURCE = { type: 'fixture', config: { host: 'h' } };
const ORIGIN = { origin: 'http://localhost:8080', host: 'localhost:8080' };

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
const told = ({ status, body }: Answer) => ({ status, code: body?.code });
const cookieOf = (answer: Answer): string => String(answer.headers['set-cookie']).split(';')[0]!;

let api: TestApi;
let admin: string;
beforeAll(async () => {
  api = await startApi(fixtureConnectors);
  admin = (await api.request('POST', '/api/v1/first-key', { name: 'root' })).body.key;
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const makeKey = async (name: string, role: string): Promise<{ id: string; key: string }> =>
  (await api.request('POST', '/api/v1/api-keys', { name, role }, bearer(admin))).body;

async function logIn(key: string): Promise<{ readonly cookie: string }> {
  const answer = await api.request('POST', '/api/v1/session', { key }, ORIGIN);
  expect(told(answer)).toEqual({ status: 200, code: undefined });
  return { cookie: cookieOf(answer) };
}

describe('a session', () => {
  it('is a cookie that scripts cannot read and other sites cannot send, bounded in time, kept as a hash', async () => {
    const answer = await api.request('POST', '/api/v1/session', { key: admin }, ORIGIN);
    expect(answer).toMatchObject({ status: 200, body: { open: false, kind: 'session', name: 'root', role: 'admin' } });
    expect(answer.text).not.toContain('mlr_');
    const cookie = String(answer.headers['set-cookie']);
    expect(cookie).toMatch(/^millrace_session=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/);
    const me = await api.request('GET', '/api/v1/me', undefined, { cookie: cookieOf(answer) });
    expect(me.body).toMatchObject({ kind: 'session', name: 'root', expiresAt: answer.body.expiresAt });
    const token = cookieOf(answer).split('=')[1]!;
    const [stored] = await api.database.query<{ all: string }>(
      `SELECT string_agg(row_to_json(s)::text, '') AS all FROM millrace.api_session s`,
    );
    expect(stored!.all).not.toContain(token);
    await api.database.query(`UPDATE millrace.api_session SET expires_at = now() - interval '1 second'`);
    expect(told(await api.request('GET', '/api/v1/me', undefined, { cookie: cookieOf(answer) }))).toEqual({
      status: 401,
      code: 'access.session_ended',
    });
  });

  it('changes something only when a page of ours asks', async () => {
    const session = await logIn(admin);
    const create = (name: string, headers: Record<string, string>) =>
      api.request('POST', '/api/v1/sources', { name, ...SOURCE }, { ...session, ...headers });
    for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }] as Record<string, string>[])
      expect(told(await create('csrf', headers))).toEqual({ status: 403, code: 'request.foreign_origin' });
    expect((await create('csrf', ORIGIN)).status).toBe(201);
    const { body } = await api.request('GET', '/api/v1/audit?action=source.create', undefined, bearer(admin));
    expect(body.items[0]).toMatchObject({ actor: { kind: 'session', name: 'root' }, outcome: 'done' });
  });

  it('is not begun by a page of another site, nor with a key that does not work', async () => {
    const headers = { ...ORIGIN, origin: 'https://evil.example' };
    expect(told(await api.request('POST', '/api/v1/session', { key: admin }, headers))).toEqual({
      status: 403,
      code: 'request.foreign_origin',
    });
    expect(told(await api.request('POST', '/api/v1/session', { key: 'mlr_x' }, ORIGIN))).toEqual({
      status: 401,
      code: 'access.key_mistyped',
    });
  });

  it('ends when it is ended, and nothing else does', async () => {
    const [one, other] = [await logIn(admin), await logIn(admin)];
    const ended = await api.request('DELETE', '/api/v1/session', undefined, { ...one, ...ORIGIN });
    expect(ended.status).toBe(204);
    expect(String(ended.headers['set-cookie'])).toMatch(/^millrace_session=; .*Expires=Thu, 01 Jan 1970/);
    expect((await api.request('GET', '/api/v1/me', undefined, one)).status).toBe(401);
    expect((await api.request('GET', '/api/v1/me', undefined, other)).status).toBe(200);
    expect((await api.request('DELETE', '/api/v1/session')).status).toBe(204);
  });

  it('has the role of its key, and ends with it at once', async () => {
    const { id, key } = await makeKey('viewer', 'viewer');
    const session = await logIn(key);
    const refused = await api.request('POST', '/api/v1/sources', { name: 'v', ...SOURCE }, { ...session, ...ORIGIN });
    expect(told(refused)).toEqual({ status: 403, code: 'access.role_too_low' });
    await api.request('DELETE', `/api/v1/api-keys/${id}`, undefined, bearer(admin));
    expect((await api.request('GET', '/api/v1/jobs', undefined, session)).status).toBe(401);
  });

  it('ends with the secret that began it', async () => {
    const { id, key } = await makeKey('rotated', 'viewer');
    const session = await logIn(key);
    await api.request('POST', `/api/v1/api-keys/${id}/rotate`, { oldKeyWorksFor: '1h' }, bearer(admin));
    expect((await api.request('GET', '/api/v1/me', undefined, session)).status).toBe(200);
    await api.request('POST', `/api/v1/api-keys/${id}/rotate`, {}, bearer(admin));
    expect((await api.request('GET', '/api/v1/me', undefined, session)).status).toBe(401);
  });

  it('is not begun where it would travel unencrypted to another machine', async () => {
    const answer = await api.request('POST', '/api/v1/session', { key: admin }, { host: 'millrace.example' });
    expect(answer).toMatchObject({
      status: 403,
      body: { code: 'access.insecure_transport', mend: expect.stringContaining('MILLRACE_PUBLIC_URL') },
    });
  });
});

describe('behind a proxy with HTTPS', () => {
  it('cookies are secure, and its pages are ours', async () => {
    await using proxied = await startApi(fixtureConnectors, {
      MILLRACE_PUBLIC_URL: 'https://millrace.example',
      MILLRACE_TRUSTED_PROXIES: '10.0.0.1',
    });
    const key = (await proxied.request('POST', '/api/v1/first-key', {})).body.key;
    const call = (method: 'GET' | 'POST', url: string, headers: Record<string, string>, payload?: object) =>
      proxied.app.inject({
        method,
        url,
        remoteAddress: '10.0.0.1',
        headers: { host: '10.0.0.9:8080', 'x-forwarded-for': '203.0.113.7', ...headers },
        ...(payload === undefined ? {} : { payload }),
      });
    const origin = { origin: 'https://millrace.example' };
    const begun = await call('POST', '/api/v1/session', origin, { key });
    expect(String(begun.headers['set-cookie'])).toMatch(/; Secure; /);
    expect(begun.headers['strict-transport-security']).toMatch(/max-age/);
    const cookie = { cookie: String(begun.headers['set-cookie']).split(';')[0]! };
    const made = await call('POST', '/api/v1/sources', { ...cookie, ...origin }, { name: 'p', ...SOURCE });
    expect(made.statusCode).toBe(201);
    const foreign = { ...cookie, origin: 'http://millrace.example' };
    expect((await call('POST', '/api/v1/sources', foreign, { name: 'q', ...SOURCE })).statusCode).toBe(403);
    const audit = await call('GET', '/api/v1/audit?action=source.create', bearer(key));
    expect(audit.json().items[0]).toMatchObject({ address: '203.0.113.7' });
  });

  it('its word is not taken when it is not trusted', async () => {
    const answer = await api.request(
      'POST',
      '/api/v1/sources',
      { name: 'untrusted', ...SOURCE },
      {
        ...bearer(admin),
        'x-forwarded-for': '203.0.113.7',
      },
    );
    expect(answer.status).toBe(201);
    const { body } = await api.request('GET', '/api/v1/audit?action=source.create', undefined, bearer(admin));
    expect(body.items[0]).toMatchObject({ target: `source/${answer.body.id}`, address: '127.0.0.1' });
  });
});

describe('limits', () => {
  it('on requests of one key', async () => {
    await using limited = await startApi(fixtureConnectors, { MILLRACE_RATE_LIMIT: '20' });
    // While there is no key nobody is limited.
    for (let each = 0; each < 25; each++) expect((await limited.request('GET', '/api/v1/jobs')).status).toBe(200);
    const key = (await limited.request('POST', '/api/v1/first-key', {})).body.key;
    const answers: Answer[] = [];
    for (let each = 0; each < 21; each++)
      answers.push(await limited.request('GET', '/api/v1/me', undefined, bearer(key)));
    const last = answers.find(({ status }) => status !== 200);
    expect(last).toMatchObject({
      status: 429,
      body: { code: 'access.too_many_requests', mend: expect.stringMatching(/./) },
      headers: { 'content-type': 'application/problem+json; charset=utf-8' },
    });
    expect(Number(last!.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('on wrong keys from one address, which keep a right key from nothing', async () => {
    const call = (key: string) =>
      api.app.inject({ method: 'GET', url: '/api/v1/me', remoteAddress: '10.9.9.9', headers: bearer(key) });
    const statuses: number[] = [];
    for (let each = 0; each < 32; each++) statuses.push((await call('wrong')).statusCode);
    expect(statuses.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 401));
    expect(statuses.slice(30)).toEqual([429, 429]);
    expect((await call(admin)).statusCode).toBe(200);
  });

  it('every answer has security headers', async () => {
    for (const path of ['/healthz', '/api/v1/nothing', '/api/v1/jobs', '/api/openapi.json']) {
      const { headers } = await api.request('GET', path);
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringContaining("script-src 'self';"),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
    }
  });
});
