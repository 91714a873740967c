import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MASK } from '@millrace/kernel';
import { fixtureConnectors } from './fixture-connectors.ts';
import { startApi, type TestApi } from './start-api.ts';

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

interface Entry {
  readonly action: string;
  readonly target: string;
  readonly targetName: string | null;
  readonly outcome: string;
  readonly code: string | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly actor: object;
  readonly requestId: string;
}

let api: TestApi;
let admin: string;
let editor: { readonly id: string; readonly key: string };
beforeAll(async () => {
  api = await startApi(fixtureConnectors);
  admin = (await api.request('POST', '/api/v1/first-key', { name: 'root' })).body.key;
  editor = (await api.request('POST', '/api/v1/api-keys', { name: 'ed', role: 'editor' }, bearer(admin))).body;
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const edit = (method: string, path: string, body?: unknown, requestId = 'r') =>
  api.request(method, `/api/v1/${path}`, body, { ...bearer(editor.key), 'x-request-id': requestId });

async function entries(query: string): Promise<readonly Entry[]> {
  const answer = await api.request('GET', `/api/v1/audit?limit=200&${query}`, undefined, bearer(admin));
  expect(answer.status).toBe(200);
  return answer.body.items;
}

const brief = ({ action, outcome, code }: Entry) => [action, outcome, code];

describe('the audit log', () => {
  it('has who did what to what, when, from where, before and after, without secrets', async () => {
    const config = { host: 'a', password: 'hidden' };
    const { id } = (await edit('POST', 'sources', { name: 'shop', type: 'fixture', config }, 'r-1')).body;
    await edit('PATCH', 'sources/shop', { config: { host: 'b' } }, 'r-2');
    await edit('DELETE', 'sources/shop', undefined, 'r-3');
    const shown = { name: 'shop', type: 'fixture', config: { host: 'a', password: MASK } };
    const changed = { ...shown, config: { host: 'b', password: MASK } };
    const actor = { kind: 'key', keyId: editor.id, name: 'ed', role: 'editor' };
    const common = {
      target: `source/${id}`,
      targetName: 'shop',
      actor,
      address: '127.0.0.1',
      outcome: 'done',
      code: null,
    };
    expect(await entries(`target=source/${id}`)).toEqual([
      expect.objectContaining({ ...common, action: 'source.delete', requestId: 'r-3', before: changed, after: null }),
      expect.objectContaining({ ...common, action: 'source.update', requestId: 'r-2', before: shown, after: changed }),
      expect.objectContaining({
        ...common,
        action: 'source.create',
        requestId: 'r-1',
        request: 'POST /api/v1/sources',
        before: null,
        after: shown,
      }),
    ]);
  });

  it('has every command to a job, and its deletion', async () => {
    for (const role of ['sources', 'sinks'])
      await edit('POST', role, { name: `for-job-${role}`, type: 'fixture', config: { host: 'a' } });
    const stages = {
      orders: { source: 'for-job-sources', tables: ['public.orders'] },
      copy: { input: 'orders', sink: 'for-job-sinks' },
    };
    const { id } = (await edit('POST', 'jobs', { name: 'job', stages })).body;
    for (const verb of ['suspend', 'resume', 'restart', 'cancel']) await edit('POST', `jobs/job/${verb}`);
    await edit('POST', 'jobs/job/resume');
    await edit('DELETE', 'jobs/job');
    const found = await entries(`target=job/${id}`);
    expect(found.map(brief)).toEqual([
      ['job.delete', 'done', null],
      ['job.cancel', 'done', null],
      ['job.restart', 'done', null],
      ['job.resume', 'done', null],
      ['job.suspend', 'done', null],
      ['job.create', 'done', null],
    ]);
    expect(found[4]).toMatchObject({ before: { desired: 'running' }, after: { desired: 'suspended' } });
    // A refusal knows the job as it was named.
    expect((await entries('target=job/job')).map(brief)).toEqual([['job.resume', 'refused', 'job.wrong_state']]);
  });

  it('has what was refused, and what failed', async () => {
    await edit('POST', 'sources', { name: 'bad', type: 'fixture', config: {} }, 'refused-1');
    await edit('DELETE', `api-keys/${editor.id}`, undefined, 'refused-2');
    await api.database.query('ALTER TABLE millrace.source RENAME TO source_away');
    try {
      await edit('DELETE', 'sources/any', undefined, 'failed-1');
    } finally {
      await api.database.query('ALTER TABLE millrace.source_away RENAME TO source');
    }
    const found = (await entries('actor=ed')).filter(({ requestId }) => /^(refused|failed)-/.test(requestId));
    expect(found.map(brief)).toEqual([
      ['source.delete', 'failed', 'internal'],
      ['api_key.revoke', 'refused', 'access.role_too_low'],
      ['source.create', 'refused', 'input.invalid'],
    ]);
    expect((await entries('actor=ed&outcome=failed')).map(brief)).toEqual([['source.delete', 'failed', 'internal']]);
  });

  it('does not count what changes nothing, nor an answer that is given again', async () => {
    await edit('POST', 'sources', { name: 'again', type: 'fixture', config: { host: 'h' } });
    const before = (await entries('actor=ed')).length;
    await edit('GET', 'sources/again');
    await edit('POST', 'sources/again/check');
    expect((await entries('actor=ed')).length).toBe(before);
    const input = { name: 'idem', type: 'fixture', config: { host: 'h' } };
    const headers = { ...bearer(editor.key), 'idempotency-key': 'k' };
    for (let each = 0; each < 2; each++) await api.request('POST', '/api/v1/sources', input, headers);
    expect((await entries('actor=ed')).length).toBe(before + 1);
  });

  it('has an entry of a change before it is made, and its outcome with it', async () => {
    const holder = await api.database.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE millrace.source IN ACCESS EXCLUSIVE MODE');
      const made = edit('POST', 'sources', { name: 'held', type: 'fixture', config: { host: 'h' } }, 'held-1');
      let found: readonly Entry[] = [];
      // Bounded by the statement timeout of the catalog, which ends the request.
      while (found.length === 0) found = (await entries('actor=ed')).filter(({ requestId }) => requestId === 'held-1');
      expect(found.map(brief)).toEqual([['source.create', 'unknown', null]]);
      await holder.query('COMMIT');
      expect((await made).status).toBe(201);
    } finally {
      await holder.end();
    }
    const after = (await entries('actor=ed')).filter(({ requestId }) => requestId === 'held-1');
    expect(after.map(brief)).toEqual([['source.create', 'done', null]]);
  });

  it('shows an entry whose outcome nobody could write', async () => {
    await api.database.query(
      `INSERT INTO millrace.audit (action, target, details) VALUES ('job.cancel', 'job/lost', '{}')`,
    );
    expect((await entries('target=job/lost')).map(brief)).toEqual([['job.cancel', 'unknown', null]]);
    expect(await entries('outcome=unknown&action=job.cancel')).toHaveLength(1);
  });

  it('is read by actor, action and time, in pages', async () => {
    const all = await entries('');
    const at = (all[3] as unknown as { at: string }).at;
    const [since, until] = [await entries(`since=${at}`), await entries(`until=${at}`)];
    expect(since.length).toBeGreaterThanOrEqual(4);
    expect(since.length + until.length).toBe(all.length);
    expect((await entries(`actor=${editor.id}`)).length).toBe((await entries('actor=ed')).length);
    expect((await entries('actor=open')).map(brief)).toEqual([['api_key.create_first', 'done', null]]);
    const paged: Entry[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await api.request(
        'GET',
        `/api/v1/audit?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`,
        undefined,
        bearer(admin),
      );
      paged.push(...page.body.items);
      cursor = page.body.nextCursor;
    }
    expect(paged).toEqual(all);
    const wrong = await api.request('GET', '/api/v1/audit?since=yesterday', undefined, bearer(admin));
    expect(wrong).toMatchObject({ status: 400, body: { code: 'request.bad_parameter' } });
  });
});
