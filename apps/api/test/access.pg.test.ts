import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACCESS_ROLES, type AccessRole, includesRole } from '@millrace/catalog';
import { fixtureConnectors } from './fixture-connectors.ts';
import { type Answer, startApi, type TestApi } from './start-api.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly role: AccessRole | 'anyone';
  readonly security: unknown;
  readonly isStream: boolean;
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

const told = ({ status, body }: Answer) => ({ status, code: body?.code });

async function firstKey(api: TestApi): Promise<string> {
  const { body } = await api.request('POST', '/api/v1/first-key', { name: 'root' });
  return body.key;
}

async function makeKey(
  api: TestApi,
  admin: string,
  input: object,
): Promise<{ readonly id: string; readonly key: string }> {
  const answer = await api.request('POST', '/api/v1/api-keys', input, bearer(admin));
  expect(told(answer)).toEqual({ status: 201, code: undefined });
  return answer.body;
}

describe('without a key', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi(fixtureConnectors);
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
  });

  it('whoever is on this machine may do everything', async () => {
    expect(await api.request('GET', '/api/v1/me')).toMatchObject({
      status: 200,
      body: { open: true, kind: 'open', role: 'admin', keyId: null, expiresAt: null },
    });
  });

  it.each([
    ['another machine', '10.1.2.3', {}],
    ['somebody behind a proxy on this machine', '127.0.0.1', { 'x-forwarded-for': '10.1.2.3' }],
  ])('%s may do nothing, and cannot make the first key', async (_, remoteAddress, headers) => {
    for (const [method, url] of [
      ['GET', '/api/v1/jobs'],
      ['POST', '/api/v1/first-key'],
    ] as const) {
      const answer = await api.app.inject({ method, url, remoteAddress, headers });
      expect([answer.statusCode, answer.json().code]).toEqual([403, 'access.not_this_machine']);
    }
    expect((await api.app.inject({ method: 'GET', url: '/healthz', remoteAddress })).statusCode).toBe(200);
  });

  it('pages of other sites cannot make the first key', async () => {
    const answer = await api.request('POST', '/api/v1/first-key', {}, { origin: 'https://evil.example' });
    expect(told(answer)).toEqual({ status: 403, code: 'request.foreign_origin' });
  });

  it('a key of another installation is not let in, and a stale cookie does no harm', async () => {
    const key = `mlr_01KB0000000000000000000000_${'A'.repeat(48)}`;
    expect(told(await api.request('GET', '/api/v1/me', undefined, bearer(key)))).toEqual({
      status: 401,
      code: 'access.key_mistyped',
    });
    const answer = await api.request('GET', '/api/v1/me', undefined, { cookie: 'millrace_session=stale' });
    expect(answer.body).toMatchObject({ open: true });
  });

  it('the first key has to be an admin’s', async () => {
    const answer = await api.request('POST', '/api/v1/api-keys', { name: 'v', role: 'viewer' });
    expect(told(answer)).toEqual({ status: 409, code: 'access.no_key_yet' });
  });

  it('of many that make the first key at once, exactly one gets it', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => api.request('POST', '/api/v1/first-key', { name: `root-${index}` })),
    );
    const won = answers.filter(({ status }) => status === 201);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'access.first_key_exists')).toHaveLength(7);
    const { key, name } = won[0]!.body;
    expect(await api.request('GET', '/api/v1/me', undefined, bearer(key))).toMatchObject({
      status: 200,
      body: { open: false, kind: 'key', name, role: 'admin', expiresAt: expect.stringMatching(/Z$/) },
    });
    expect(told(await api.request('GET', '/api/v1/me'))).toEqual({ status: 401, code: 'access.key_missing' });
    const { body } = await api.request('GET', '/api/v1/audit?action=api_key.create_first', undefined, bearer(key));
    const outcomes = body.items.map(({ outcome }: { outcome: string }) => outcome);
    expect(outcomes.filter((outcome: string) => outcome === 'done')).toHaveLength(1);
    expect(body.items.find(({ outcome }: { outcome: string }) => outcome === 'done')).toMatchObject({
      actor: { kind: 'open' },
      before: null,
      after: { name, role: 'admin' },
    });
  });
});

describe('beyond this machine', () => {
  it('the API does not start without a key, and does with one', async () => {
    await using api = await startApi(fixtureConnectors);
    const elsewhere = { MILLRACE_DATABASE_URL: api.database.url, MILLRACE_HOST: '0.0.0.0' };
    await expect(startApi(fixtureConnectors, elsewhere)).rejects.toMatchObject({
      code: { code: 'settings.invalid' },
      message: expect.stringContaining('it has no key yet'),
    });
    const key = await firstKey(api);
    await using open = await startApi(fixtureConnectors, elsewhere);
    const remote = { method: 'GET', url: '/api/v1/me', remoteAddress: '10.1.2.3' } as const;
    expect((await open.app.inject(remote)).statusCode).toBe(401);
    const host = { host: 'millrace.example', ...bearer(key) };
    expect((await open.app.inject({ ...remote, headers: host })).statusCode).toBe(200);
  });

  it('MILLRACE_ALLOW_OPEN_API lets others in while there is no key, and not after; the first key is made here', async () => {
    await using api = await startApi(fixtureConnectors, { MILLRACE_ALLOW_OPEN_API: 'true', MILLRACE_HOST: '0.0.0.0' });
    const remote = { method: 'GET', url: '/api/v1/jobs', remoteAddress: '10.1.2.3' } as const;
    expect((await api.app.inject(remote)).statusCode).toBe(200);
    const first = { method: 'POST', url: '/api/v1/first-key', remoteAddress: '10.1.2.3' } as const;
    expect((await api.app.inject(first)).statusCode).toBe(403);
    await firstKey(api);
    expect((await api.app.inject(remote)).statusCode).toBe(401);
  });
});

describe('keys', () => {
  let api: TestApi;
  let admin: string;
  beforeAll(async () => {
    api = await startApi(fixtureConnectors);
    await api.app.listen(0, '127.0.0.1');
    admin = await firstKey(api);
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
  });

  /** Begins a stream and leaves it. */
  async function attach(path: string, key: string): Promise<{ readonly status: number; readonly code: undefined }> {
    const left = new AbortController();
    const { status } = await fetch(`${await api.app.getUrl()}${path}`, { headers: bearer(key), signal: left.signal });
    left.abort();
    return { status, code: undefined };
  }

  it('open exactly the routes of their role, in every way of having none', async () => {
    const document = (await api.request('GET', '/api/openapi.json')).body;
    const operations = Object.entries(
      document.paths as Record<string, Record<string, Record<string, unknown>>>,
    ).flatMap(([path, verbs]) =>
      Object.entries(verbs).map(
        ([verb, operation]): Operation => ({
          method: verb.toUpperCase(),
          path: path.replaceAll(/\{\w+\}/g, 'no-such'),
          role: operation['x-role'] as Operation['role'],
          security: operation['security'],
          isStream: JSON.stringify(operation['responses']).includes('event-stream'),
        }),
      ),
    );
    expect(operations.length).toBeGreaterThan(40);
    const keys = new Map<AccessRole, string>();
    for (const role of ACCESS_ROLES) keys.set(role, (await makeKey(api, admin, { name: `role-${role}`, role })).key);
    const expired = await makeKey(api, admin, { name: 'expired', role: 'admin' });
    const revoked = await makeKey(api, admin, { name: 'revoked', role: 'admin' });
    await api.database.query(
      `UPDATE millrace.api_key SET expires_at = now() - interval '1 second' WHERE id = '${expired.id}'`,
    );
    expect((await api.request('DELETE', '/api/v1/api-keys/revoked', undefined, bearer(admin))).body.state).toBe(
      'revoked',
    );
    const other = await makeKey(api, admin, { name: 'other', role: 'admin' });
    const rotated = await api.request('POST', `/api/v1/api-keys/${other.id}/rotate`, {}, bearer(admin));
    expect(rotated.body.key).not.toBe(other.key);

    const wrong = [
      [undefined, 'access.key_missing'],
      ['s3cret', 'access.key_malformed'],
      [`${admin.slice(0, -1)}${admin.endsWith('A') ? 'B' : 'A'}`, 'access.key_mistyped'],
      [other.key, 'access.key_expired'],
      [expired.key, 'access.key_expired'],
      [revoked.key, 'access.key_revoked'],
    ] as const;
    let address = 0;
    for (const { method, path, role, security, isStream } of operations) {
      expect(security).toEqual(role === 'anyone' ? [] : [{ key: [] }, { session: [] }]);
      const call = async (key: string | undefined) => {
        const response = await api.app.inject({
          method: method as 'GET',
          url: path,
          headers: key === undefined ? {} : bearer(key),
          // Failures are counted for each address.
          remoteAddress: `10.2.${address >> 8}.${address++ & 255}`,
        });
        api.said.push(response.payload);
        const isJson = String(response.headers['content-type']).includes('json');
        const code = isJson ? response.json().code : undefined;
        return { status: response.statusCode, code };
      };
      for (const [key, code] of wrong) {
        const answer = await call(key);
        if (role === 'anyone') expect(answer.status).not.toBe(401);
        else expect({ method, path, ...answer }).toEqual({ method, path, status: 401, code });
      }
      if (role === 'anyone') continue;
      for (const [own, key] of keys) {
        const isAllowed = includesRole(own, role);
        const answer = isStream && isAllowed ? await attach(path, key) : await call(key);
        expect({ method, path, own, allowed: answer.status !== 403 && answer.status !== 401 }).toEqual({
          method,
          path,
          own,
          allowed: isAllowed,
        });
        if (!isAllowed) expect(answer.status).toBe(403);
      }
    }
  }, 120_000);

  it('are as the guide says', async () => {
    const document = (await api.request('GET', '/api/openapi.json')).body;
    expect(document.paths['/api/v1/jobs/{id}/suspend'].post['x-role']).toBe('operator');
    expect(document.paths['/api/v1/sources'].post['x-role']).toBe('editor');
    expect(document.paths['/api/v1/sources/{id}/check'].post['x-role']).toBe('operator');
    expect(document.paths['/api/v1/jobs/{id}/dead-letters/replay'].post['x-role']).toBe('operator');
    expect(document.paths['/api/v1/audit'].get['x-role']).toBe('admin');
    expect(document.components.securitySchemes).toMatchObject({ key: { scheme: 'bearer' }, session: { in: 'cookie' } });
  });

  it('are shown once; lists and the audit log know them by their beginning', async () => {
    const { id, key } = await makeKey(api, admin, { name: 'once', role: 'viewer', expiresIn: 'never' });
    expect(key).toMatch(new RegExp(`^mlr_${id}_[\\w-]{48}$`));
    const list = await api.request('GET', '/api/v1/api-keys?limit=200', undefined, bearer(admin));
    const listed = list.body.items.find((item: { id: string }) => item.id === id);
    expect(listed).toMatchObject({
      prefix: `mlr_${id}`,
      createdBy: 'root',
      expiresAt: null,
      lastUsedAt: null,
      state: 'active',
    });
    expect(list.text).not.toContain(key.slice(-40));
    await api.request('GET', '/api/v1/jobs', undefined, bearer(key));
    const used = await api.request('GET', '/api/v1/api-keys?limit=200', undefined, bearer(admin));
    expect(used.body.items.find((item: { id: string }) => item.id === id).lastUsedAt).toMatch(/Z$/);
    const [{ stored }] = await api.database.query<{ stored: string }>(
      `SELECT string_agg(row_to_json(k)::text, '') AS stored FROM millrace.api_key k`,
    );
    expect(stored).not.toContain(key.slice(-40));
  });

  it('note their use at most once a minute', async () => {
    const { id, key } = await makeKey(api, admin, { name: 'minute', role: 'viewer' });
    const lastUsed = async () =>
      (await api.database.query<{ at: Date }>(`SELECT last_used_at AS at FROM millrace.api_key WHERE id = '${id}'`))[0]!
        .at;
    await api.request('GET', '/api/v1/me', undefined, bearer(key));
    const first = await lastUsed();
    await api.request('GET', '/api/v1/me', undefined, bearer(key));
    expect(await lastUsed()).toEqual(first);
    await api.database.query(
      `UPDATE millrace.api_key SET last_used_at = now() - interval '61 seconds' WHERE id = '${id}'`,
    );
    await api.request('GET', '/api/v1/me', undefined, bearer(key));
    expect((await lastUsed()).getTime()).toBeGreaterThanOrEqual(first.getTime());
  });

  it('take no idempotency key: the answer would have to be kept', async () => {
    const input = { name: 'idem', role: 'viewer' };
    const answer = await api.request('POST', '/api/v1/api-keys', input, {
      ...bearer(admin),
      'idempotency-key': 'k',
    });
    expect(told(answer)).toEqual({ status: 400, code: 'request.bad_header' });
  });

  it('are refused with every error at once, and names that are taken', async () => {
    const answer = await api.request(
      'POST',
      '/api/v1/api-keys',
      { name: '1 x', role: 'root', expiresIn: 'soon' },
      bearer(admin),
    );
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      '/expiresIn',
      '/name',
      '/role',
    ]);
    await makeKey(api, admin, { name: 'taken', role: 'viewer' });
    const taken = await api.request('POST', '/api/v1/api-keys', { name: 'taken', role: 'viewer' }, bearer(admin));
    expect(told(taken)).toEqual({ status: 409, code: 'api_key.name_taken' });
    const unknown = await api.request('DELETE', '/api/v1/api-keys/takne', undefined, bearer(admin));
    expect(unknown).toMatchObject({
      status: 404,
      body: { code: 'api_key.unknown', mend: expect.stringContaining('"taken"') },
    });
  });

  it('are rotated: the old secret works as long as was said', async () => {
    const { id, key: old } = await makeKey(api, admin, { name: 'turn', role: 'viewer' });
    const rotated = await api.request('POST', `/api/v1/api-keys/turn/rotate`, { oldKeyWorksFor: '1h' }, bearer(admin));
    expect(rotated).toMatchObject({ status: 200, body: { id, oldKeyWorksUntil: expect.stringMatching(/Z$/) } });
    for (const key of [old, rotated.body.key])
      expect((await api.request('GET', '/api/v1/me', undefined, bearer(key))).status).toBe(200);
    await api.database.query(
      `UPDATE millrace.api_key SET old_secret_until = now() - interval '1 second' WHERE id = '${id}'`,
    );
    expect(told(await api.request('GET', '/api/v1/me', undefined, bearer(old)))).toEqual({
      status: 401,
      code: 'access.key_expired',
    });
    expect((await api.request('GET', '/api/v1/me', undefined, bearer(rotated.body.key))).status).toBe(200);
    await api.database.query(`UPDATE millrace.api_key SET expires_at = now() - interval '1 second' WHERE id = '${id}'`);
    const expired = await api.request('POST', `/api/v1/api-keys/${id}/rotate`, undefined, bearer(admin));
    expect(told(expired)).toEqual({ status: 409, code: 'api_key.not_usable' });
    const anew = await api.request('POST', `/api/v1/api-keys/${id}/rotate`, { expiresIn: '1d' }, bearer(admin));
    expect((await api.request('GET', '/api/v1/me', undefined, bearer(anew.body.key))).status).toBe(200);
  });

  it('of an admin: the last one that works cannot be revoked', async () => {
    await using alone = await startApi(fixtureConnectors);
    const root = await firstKey(alone);
    const last = await alone.request('DELETE', '/api/v1/api-keys/root', undefined, bearer(root));
    expect(last).toMatchObject({
      status: 409,
      body: { code: 'api_key.last_admin', mend: expect.stringMatching(/another admin/) },
    });
    const second = await makeKey(alone, root, { name: 'second', role: 'admin' });
    expect((await alone.request('DELETE', '/api/v1/api-keys/root', undefined, bearer(root))).status).toBe(200);
    expect(told(await alone.request('GET', '/api/v1/me', undefined, bearer(root)))).toEqual({
      status: 401,
      code: 'access.key_revoked',
    });
    expect((await alone.request('GET', '/api/v1/me', undefined, bearer(second.key))).status).toBe(200);
  });
});
