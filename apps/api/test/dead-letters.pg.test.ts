import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { insertLetters, type TestLetter } from '@millrace/testing';
import { auditPageSchema } from '../src/audit/audit.schemas.ts';
import {
  letterDetailSchema,
  letterGroupsSchema,
  letterOutcomeSchema,
  letterPageSchema,
} from '../src/dead-letters/dead-letter.schemas.ts';
import { jobViewSchema } from '../src/jobs/job.schemas.ts';
import { fixtureConnectors } from './fixture-connectors.ts';
import { type Answer, startApi, type TestApi } from './start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi(fixtureConnectors);
  for (const [path, name] of [
    ['sources', 'shop'],
    ['sinks', 'wh'],
  ]) {
    await api.request('POST', `/api/v1/${path}`, { name, type: 'fixture', config: { host: 'a' } });
  }
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

let jobs = 0;
/** Address of a job of its own with these letters. */
async function jobWith(letters: readonly TestLetter[]): Promise<string> {
  const name = `letters-${++jobs}`;
  const stages = { orders: { source: 'shop', tables: ['public.orders'] }, copy: { input: 'orders', sink: 'wh' } };
  const made = await api.request('POST', '/api/v1/jobs', { name, stages });
  expect(made.status).toBe(201);
  await insertLetters(api.database, made.body.id, letters);
  return `/api/v1/jobs/${name}`;
}

const CHAIN: readonly TestLetter[] = [
  { number: 1 },
  { number: 2, isParked: true, reason: 'dead_letter.parked' },
  { number: 3, id: '2' },
];

function expectProblem({ status, body }: Answer, expected: number, code: string): void {
  expect({ status, code: body.code }).toEqual({ status: expected, code });
  expect(body.mend).toMatch(/./);
}

describe('dead letters', () => {
  it('are listed, filtered, grouped and shown, and counted in the job', async () => {
    const job = await jobWith([...CHAIN, { number: 4, id: '4', state: 'replayed' }]);
    const first = await api.request('GET', `${job}/dead-letters?limit=3`);
    expect(letterPageSchema.strict().parse(first.body)).toEqual(first.body);
    const second = await api.request('GET', `${job}/dead-letters?limit=3&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items].map(({ id }) => id)).toEqual([
      'copy.4',
      'copy.3',
      'copy.2',
      'copy.1',
    ]);
    expect(second.body.nextCursor).toBeNull();
    expect(second.body.items[0]).toEqual({
      id: 'copy.1',
      stage: 'copy',
      number: 1,
      state: 'open',
      reason: 'jdbc.row_refused',
      message: 'the target refuses row 1',
      mend: 'Change the row, or the target.',
      isParked: false,
      table: 'public.orders',
      key: { id: '1' },
      position: { commitLsn: '0/3E9', index: 1 },
      committedAt: '2026-11-28T12:00:00.000Z',
      attempts: 1,
      isEdited: false,
      replayRate: null,
      firstAt: '2026-11-28T12:00:01.000Z',
      lastAt: '2026-11-28T12:00:01.000Z',
      resolvedAt: null,
    });
    const key = encodeURIComponent('{"id":"1"}');
    const found = await api.request(
      'GET',
      `${job}/dead-letters?state=open&order=oldest&stage=copy&table=public.orders&key=${key}`,
    );
    expect(found.body.items.map(({ id }: { id: string }) => id)).toEqual(['copy.1', 'copy.2']);
    const groups = await api.request('GET', `${job}/dead-letters/groups?reason=jdbc.row_refused`);
    expect(letterGroupsSchema.parse(groups.body)).toEqual(groups.body);
    expect(groups.body.items).toMatchObject([{ counts: { open: 2, replayed: 1 }, newest: 'copy.4' }]);
    const shown = await api.request('GET', `${job}/dead-letters/copy.2`);
    expect(letterDetailSchema.parse(shown.body)).toEqual(shown.body);
    expect(shown.body).toMatchObject({
      heldBy: ['copy.1'],
      event: { op: 'c', after: { id: '1', total: '0' }, position: { commitLsn: '0/3EA', index: 2 }, xid: 702 },
      edited: null,
    });
    expect((await api.request('GET', job)).body).toMatchObject({ deadLetters: { open: 3, replaying: 0 } });
    const list = await api.request('GET', '/api/v1/jobs?limit=200');
    const listed = list.body.items.find(({ name }: { name: string }) => job.endsWith(`/${name}`));
    expect(jobViewSchema.strict().parse(listed)).toMatchObject({ deadLetters: { open: 3, replaying: 0 } });
    expect((await api.request('POST', `${job}/suspend`)).body).toMatchObject({ deadLetters: { open: 3 } });
  });

  it('are refused where there are none, or where the question makes no sense', async () => {
    const job = await jobWith(CHAIN);
    expectProblem(await api.request('GET', '/api/v1/jobs/nope/dead-letters'), 404, 'job.unknown');
    for (const id of ['copy.99', 'copy', 'nope.1', 'copy.-1', 'copy.1%00'])
      expectProblem(await api.request('GET', `${job}/dead-letters/${id}`), 404, 'dead_letter.unknown');
    for (const query of [
      'cursor=x',
      'state=closed',
      'key=42',
      'key={',
      'order=up',
      'limit=0',
      'table=a&table=b',
      'who=me',
    ]) {
      const answer = await api.request('GET', `${job}/dead-letters?${query}`);
      expectProblem(answer, 400, 'request.bad_parameter');
      expect(answer.body.parameter).toBe(query.split('=')[0]);
    }
  });

  it('are edited, and the edit is undone; the original is kept', async () => {
    const job = await jobWith(CHAIN);
    const letter = `${job}/dead-letters/copy.3`;
    const edited = await api.request('PATCH', letter, { after: { total: '12.50', note: null } });
    expect(edited).toMatchObject({
      status: 200,
      body: {
        isEdited: true,
        event: { after: { id: '2', total: '0' } },
        edited: { after: { id: '2', total: '12.50', note: null } },
      },
    });
    const deleted = await api.request('PATCH', letter, { op: 'd' });
    expect(deleted.body.edited).toMatchObject({ op: 'd', before: { id: '2' }, after: null });
    expect((await api.request('DELETE', `${letter}/edit`)).body).toMatchObject({ isEdited: false, edited: null });
    const bad = await api.request('PATCH', letter, { after: { totl: '1', id: null } });
    expectProblem(bad, 422, 'input.invalid');
    expect(bad.body.errors).toMatchObject([
      { code: 'dead_letter.unknown_column', pointer: '/after/totl', mend: expect.stringContaining('"total"') },
      { code: 'dead_letter.key_missing', pointer: '/after/id' },
    ]);
    for (const [body, pointer] of [
      [{ after: { total: 12.5 } }, '/after/total'],
      [{ after: { note: 'a\0b' } }, '/after/note'],
      [{ after: { note: '\ud800' } }, '/after/note'],
      [{ op: 't' }, '/op'],
      [{ after: {}, state: 'open' }, '/state'],
      [{}, ''],
    ] as const) {
      const refused = await api.request('PATCH', letter, body);
      expectProblem(refused, 422, 'input.invalid');
      expect(refused.body.errors.map((issue: { pointer: string }) => issue.pointer)).toEqual([pointer]);
    }
    expect((await api.request('GET', letter)).body).toMatchObject({ isEdited: false });
    await api.request('POST', `${job}/dead-letters/replay`, { ids: ['copy.3'] });
    expectProblem(await api.request('PATCH', letter, { op: 'd' }), 409, 'dead_letter.wrong_state');
    expectProblem(await api.request('DELETE', `${letter}/edit`), 409, 'dead_letter.wrong_state');
  });

  it('are replayed in order of their key, tried dry first, and taken back', async () => {
    const job = await jobWith(CHAIN);
    const replay = (body: object, headers = {}) => api.request('POST', `${job}/dead-letters/replay`, body, headers);
    const dry = await replay({ ids: ['copy.2', 'copy.3'], dryRun: true });
    expect(letterOutcomeSchema.strict().parse(dry.body)).toEqual(dry.body);
    expect(dry).toMatchObject({
      status: 200,
      body: {
        dryRun: true,
        letters: 2,
        stages: [{ stage: 'copy', letters: 2, parked: 1, keys: 2 }],
        hinderedCount: 1,
        hindered: [{ id: 'copy.2', code: 'dead_letter.key_is_parked', by: ['copy.1'] }],
        jobStatus: 'NOT_RUNNING',
      },
    });
    const parked = await replay({ ids: ['copy.2'] });
    expectProblem(parked, 409, 'dead_letter.key_is_parked');
    expect(parked.body).toMatchObject({
      details: { letters: ['copy.2'], heldBy: ['copy.1'] },
      errors: [{ code: 'dead_letter.key_is_parked', detail: 'copy.2 was parked behind copy.1 of the same key' }],
    });
    const key = { 'idempotency-key': `replay-${job}` };
    const done = await replay({ ids: ['copy.2'], withKey: true, rate: 5 }, key);
    expect(done).toMatchObject({ status: 200, body: { dryRun: false, letters: 2 } });
    const again = await replay({ ids: ['copy.2'], withKey: true, rate: 5 }, key);
    expect(again).toMatchObject({ body: done.body, headers: { 'idempotent-replayed': 'true' } });
    expectProblem(await replay({ ids: ['copy.2'] }), 409, 'dead_letter.wrong_state');
    expect((await api.request('GET', `${job}/dead-letters/copy.2`)).body).toMatchObject({
      state: 'replaying',
      replayRate: 5,
    });
    expect((await api.request('GET', job)).body.deadLetters).toEqual({ open: 1, replaying: 2 });
    const back = await api.request('POST', `${job}/dead-letters/cancel-replay`, { ids: ['copy.1'] });
    expect(back).toMatchObject({ status: 200, body: { letters: 2, keys: [{ first: 'copy.1', last: 'copy.2' }] } });
    expectProblem(await replay({ ids: ['copy.7'] }), 404, 'dead_letter.unknown');
    expect(await replay({ filter: { stage: 'nope' } })).toMatchObject({ body: { letters: 0, stages: [], keys: [] } });
    await api.request('POST', `${job}/cancel`);
    expectProblem(await replay({ ids: ['copy.1'] }), 409, 'dead_letter.job_ended');
  });

  it('are given up with a reason, which the audit log keeps', async () => {
    const job = await jobWith(CHAIN);
    const discard = (body: object) =>
      api.request('POST', `${job}/dead-letters/discard`, body, { 'x-request-id': `who-${jobs}` });
    const dry = await discard({ filter: {}, dryRun: true });
    expect(dry.body).toMatchObject({ dryRun: true, letters: 3 });
    const silent = await discard({ filter: {} });
    expectProblem(silent, 422, 'input.invalid');
    expect(silent.body.pointer).toBe('/because');
    const done = await discard({ ids: ['copy.1'], withKey: true, because: 'a test order' });
    expect(done.body).toMatchObject({ letters: 2, stages: [{ stage: 'copy', letters: 2, parked: 1, keys: 1 }] });
    expectProblem(await discard({ ids: ['copy.1'], because: 'again' }), 409, 'dead_letter.wrong_state');
    const { id } = (await api.request('GET', job)).body;
    const audit = await api.request('GET', `/api/v1/audit?target=job/${id}&action=dead_letter.discard`);
    expect(auditPageSchema.strict().parse(audit.body)).toEqual(audit.body);
    expect(audit.body.items).toMatchObject([
      {
        action: 'dead_letter.discard',
        requestId: `who-${jobs}`,
        details: { because: 'a test order', count: 2, letters: ['copy.1-2'] },
      },
    ]);
  });

  it.each([
    ['neither ids nor filter', {}, ''],
    ['both', { ids: ['copy.1'], filter: {} }, ''],
    ['no ids', { ids: [] }, '/ids'],
    ['what is no id', { ids: ['copy'] }, '/ids/0'],
    ['a state to filter by', { filter: { state: 'replayed' } }, '/filter/state'],
    ['a rate of nothing', { filter: {}, rate: 0 }, '/rate'],
    ['a key that is no text', { filter: { key: { id: 1 } } }, '/filter/key/id'],
  ])('are not replayed by %s', async (_, body, pointer) => {
    const job = await jobWith([]);
    const refused = await api.request('POST', `${job}/dead-letters/replay`, body);
    expectProblem(refused, 422, 'input.invalid');
    expect(refused.body.errors.map((issue: { pointer: string }) => issue.pointer)).toEqual([pointer]);
  });

  it('go with their job, which says so', async () => {
    const job = await jobWith([...CHAIN, { number: 4, id: '4', state: 'replaying' }]);
    const { id } = (await api.request('POST', `${job}/cancel`)).body;
    expect(await api.request('DELETE', job)).toMatchObject({
      status: 200,
      body: { leftovers: [], deadLetters: { open: 3, replaying: 1 } },
    });
    const audit = await api.request('GET', `/api/v1/audit?limit=1&target=job/${id}`);
    expect(audit.body.items).toMatchObject([{ action: 'dead_letter.delete', details: { open: 3, replaying: 1 } }]);
    const left = await api.database.query('SELECT 1 FROM millrace.dead_letter WHERE job_id = $1', [id]);
    expect(left).toEqual([]);
  });
});

it('the audit log comes in pages', async () => {
  const seen: number[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await api.request('GET', `/api/v1/audit?limit=2${cursor}`);
    seen.push(...body.items.map((entry: { id: number }) => entry.id));
    if (body.nextCursor === null) break;
    cursor = `&cursor=${body.nextCursor}`;
  }
  expect(seen).toEqual([...seen].sort((a, b) => b - a));
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length).toBeGreaterThan(5);
  expectProblem(await api.request('GET', '/api/v1/audit?cursor=x'), 400, 'request.bad_parameter');
});
