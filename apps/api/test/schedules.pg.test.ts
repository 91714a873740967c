import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Catalog, type JobStatus } from '@millrace/catalog';
import { systemClock } from '@millrace/kernel';
import { fixtureConnectors, world } from './fixture-connectors.ts';
import { SettableClock } from './settable-clock.ts';
import { type Answer, startApi, type TestApi } from './start-api.ts';

const CHILD = fileURLToPath(new URL('./tick-child.ts', import.meta.url));
const WAIT_MS_MAX = 30_000;
const clock = new SettableClock('2026-11-29T00:30:00Z');
const template = {
  stages: {
    orders: { source: 'shop', tables: ['public.orders'] },
    copy: { input: 'orders', sink: 'warehouse' },
  },
};

let api: TestApi;
let other: TestApi;
let catalog: Catalog;

const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> =>
  api.request(method, `/api/v1/schedules${path}`, body, headers);
const make = async (name: string, fields: object = {}): Promise<void> => {
  const answer = await call('POST', '', { name, template, cron: '0 * * * *', ...fields });
  expect(answer.body).toMatchObject({ name });
};
/** As `tick outcome`, the newest first. */
const runsOf = async (name: string): Promise<readonly string[]> => {
  const { body } = await call('GET', `/${name}/runs`);
  return body.items.map((run: { tick: string; outcome: string }) => `${run.tick.slice(11, 16)} ${run.outcome}`);
};
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonicMs() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadline) throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}`);
    await systemClock.sleep(20);
  }
}
const untilRuns = (name: string, wanted: readonly string[]): Promise<void> =>
  until(`${name}: ${wanted.join(', ')}`, async () => JSON.stringify(await runsOf(name)) === JSON.stringify(wanted));
/** What a worker would tell of the job of the newest run with this tick. */
const tell = async (name: string, tick: string, status: JobStatus): Promise<void> => {
  const { body } = await call('GET', `/${name}/runs`);
  const run = body.items.find((each: { tick: string }) => each.tick.slice(11, 16) === tick);
  const counts = [{ vertex: 'copy', rowsIn: 7, rowsOut: 0, deadLetters: 0, skippedRows: 0, lateRows: 0 }];
  if (run.status === 'NOT_RUNNING') await catalog.jobs.begin(run.id, 1);
  await catalog.jobs.setStatus(run.id, 1, status, { counts });
};

beforeAll(async () => {
  api = await startApi(fixtureConnectors, {}, { clock });
  other = await startApi(fixtureConnectors, {}, { clock, beside: api });
  catalog = api.app.get(Catalog);
  await api.request('POST', '/api/v1/sources', { name: 'shop', type: 'fixture', config: { host: 'a' } });
  await api.request('POST', '/api/v1/sinks', { name: 'warehouse', type: 'fixture', config: { host: 'b' } });
});
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

describe('schedules', () => {
  it('are made, read, changed and deleted as other resources are', async () => {
    const body = { name: 'kept', template, cron: '0 2 * * *', timeZone: 'Europe/Berlin' };
    const made = await call('POST', '', body, { 'idempotency-key': 'k1' });
    expect(made).toMatchObject({
      status: 201,
      headers: { etag: '"1"' },
      body: {
        overlap: 'skip',
        missed: 'latest',
        deadline: '1h',
        keep: 10,
        suspended: false,
        lastRun: null,
        warnings: [],
      },
    });
    expect(made.body.nextTicks.slice(0, 2)).toEqual(['2026-11-29T01:00:00.000Z', '2026-11-30T01:00:00.000Z']);
    expect(made.body.nextTicks).toHaveLength(5);
    expect((await call('POST', '', body, { 'idempotency-key': 'k1' })).body).toEqual(made.body);
    expect(await call('POST', '', body)).toMatchObject({ status: 409, body: { code: 'schedule.name_taken' } });
    const changed = await call('PATCH', '/kept', { cron: '30 4 * * *', keep: 3 }, { 'if-match': '"1"' });
    expect(changed).toMatchObject({ status: 200, body: { version: 2, keep: 3, timeZone: 'Europe/Berlin' } });
    expect(changed.body.nextTicks[0]).toBe('2026-11-29T03:30:00.000Z');
    const late = await call('PATCH', '/kept', { keep: 4 }, { 'if-match': '"1"' });
    expect(late).toMatchObject({ status: 412, body: { code: 'catalog.version_conflict' } });
    expect(await call('GET', '/keep')).toMatchObject({ status: 404, body: { code: 'schedule.unknown' } });
    expect((await call('GET', '?limit=1')).body.items).toMatchObject([{ name: 'kept' }]);
    const actions = (await api.request('GET', '/api/v1/audit?action=schedule.update&outcome=done')).body.items;
    expect(actions[0]).toMatchObject({
      before: { keep: 10 },
      after: { keep: 3 },
    });
    expect(await call('DELETE', '/kept')).toMatchObject({ status: 204 });
  });

  it('are refused with everything that is wrong, each at its place', async () => {
    const bad = await call('POST', '', { name: 'bad', template, cron: '0 2 32 * *', timeZone: 'Mars/Olympus' });
    expect(bad).toMatchObject({ status: 422, body: { code: 'schedule.invalid' } });
    expect(bad.body.errors).toMatchObject([
      { pointer: '/timeZone', code: 'schedule.bad_time_zone' },
      { pointer: '/cron', code: 'schedule.bad_cron', detail: expect.stringContaining('"32" at character 5') },
    ]);
    const stages = { ...template.stages, some: { input: 'orders', filter: "day = '{{tick.date}}'" } };
    const spliced = await call('POST', '', { name: 'bad', template: { stages }, cron: '0 2 * * *' });
    expect(spliced.body).toMatchObject({ code: 'pipeline.invalid', pointer: '/template/stages/some/filter' });
    const lost = { stages: { ...template.stages, copy: { input: 'orders', sink: 'nowhere' } } };
    const unknown = await call('POST', '', { name: 'bad', template: lost, cron: '0 2 * * *' });
    expect(unknown.body.errors).toMatchObject([{ code: 'sink.unknown' }]);
  });

  it('are run once for a tick, however many processes look, and tell what the run has done', async () => {
    await make('hourly', { template: { ...template, guarantee: 'at-least-once' } });
    clock.set('2026-11-29T01:00:02Z');
    await untilRuns('hourly', ['01:00 submitted']);
    const job = await api.request('GET', '/api/v1/jobs/hourly-20261129T0100Z');
    expect(job.body).toMatchObject({ status: 'NOT_RUNNING', document: { guarantee: 'at-least-once' } });
    await tell('hourly', '01:00', 'COMPLETED');
    const { body } = await call('GET', '/hourly');
    expect(body).toMatchObject({
      version: 1,
      lastRun: { jobName: 'hourly-20261129T0100Z', status: 'COMPLETED', counts: [{ stage: 'copy', rowsIn: 7 }] },
    });
    expect(body.nextTicks[0]).toBe('2026-11-29T02:00:00.000Z');
    await call('POST', '/hourly/suspend');
  });

  it('killed between any two steps of a tick, it is run once', async () => {
    const steps = [
      ['before', '^INSERT INTO millrace.schedule_run'],
      ['before', '^COMMIT'],
      ['after', '^COMMIT'],
    ] as const;
    // The processes here see the tick when the children are dead.
    for (const index of steps.keys()) await make(`crash${index}`);
    const at = '2026-11-29T02:00:30Z';
    const ends = steps.map(async ([when, pattern], index) => {
      const args = [CHILD, api.database.url, api.redisUrl, api.secretKey, `crash${index}`, at];
      const child = spawn(process.execPath, [...args, when, pattern], { stdio: ['ignore', 'inherit', 'inherit'] });
      return (await once(child, 'exit'))[1];
    });
    expect(await Promise.all(ends)).toEqual(steps.map(() => 'SIGKILL'));
    for (const index of steps.keys())
      expect(await runsOf(`crash${index}`)).toEqual(index < 2 ? [] : ['02:00 submitted']);
    clock.set(at);
    for (const index of steps.keys()) {
      await untilRuns(`crash${index}`, ['02:00 submitted']);
      const { body } = await api.request('GET', `/api/v1/jobs/crash${index}-20261129T0200Z`);
      expect(body.status).toBe('NOT_RUNNING');
      await call('DELETE', `/crash${index}`);
    }
  });

  it('while a run is not over skip a tick, queue it, or cancel the run', async () => {
    for (const overlap of ['skip', 'queue', 'cancel-previous']) await make(overlap, { overlap });
    clock.set('2026-11-29T03:00:00Z');
    for (const name of ['skip', 'queue', 'cancel-previous']) {
      await untilRuns(name, ['03:00 submitted']);
      await tell(name, '03:00', 'RUNNING');
    }
    clock.set('2026-11-29T04:00:00Z');
    await untilRuns('skip', ['04:00 skipped', '03:00 submitted']);
    await untilRuns('queue', ['04:00 queued', '03:00 submitted']);
    await untilRuns('cancel-previous', ['04:00 queued', '03:00 submitted']);
    expect((await api.request('GET', '/api/v1/jobs/cancel-previous-20261129T0300Z')).body.desired).toBe('cancelled');
    expect(await call('POST', '/skip/run')).toMatchObject({ status: 409, body: { code: 'schedule.busy' } });
    clock.set('2026-11-29T05:00:00Z');
    await untilRuns('queue', ['05:00 queued', '04:00 queued', '03:00 submitted']);
    await untilRuns('cancel-previous', ['05:00 queued', '04:00 skipped', '03:00 submitted']);
    await tell('queue', '03:00', 'COMPLETED');
    await untilRuns('queue', ['05:00 queued', '04:00 submitted', '03:00 submitted']);
    await tell('queue', '04:00', 'FAILED');
    await untilRuns('queue', ['05:00 submitted', '04:00 submitted', '03:00 submitted']);
    await tell('cancel-previous', '03:00', 'FAILED');
    await untilRuns('cancel-previous', ['05:00 submitted', '04:00 skipped', '03:00 submitted']);
    for (const name of ['skip', 'queue', 'cancel-previous']) await call('DELETE', `/${name}`);
  });

  it('make up for the last of the ticks that nobody was there for, if it is not too late', async () => {
    await make('latest');
    await make('none', { missed: 'none' });
    await make('late', { deadline: '10m' });
    clock.set('2026-11-29T09:30:00Z');
    await untilRuns('latest', ['09:00 submitted']);
    await untilRuns('none', ['09:00 missed']);
    await untilRuns('late', ['09:00 missed']);
    expect((await call('GET', '/latest/runs')).body.items[0]).toMatchObject({ missedBefore: 3 });
    for (const name of ['latest', 'none', 'late']) await call('DELETE', `/${name}`);
  });

  it('are run at once when somebody asks, do not tick while suspended, and keep so many runs', async () => {
    await make('report', { keep: 2, suspended: true });
    expect((await call('GET', '/report')).body.nextTicks).toEqual([]);
    clock.set('2026-11-29T10:15:00Z');
    for (const minute of [15, 16, 17, 18]) {
      clock.set(`2026-11-29T10:${minute}:00Z`);
      const headers = { 'idempotency-key': `run ${minute}` };
      const run = await call('POST', '/report/run', undefined, headers);
      expect(run).toMatchObject({ status: 202, body: { isManual: true, outcome: 'submitted' } });
      expect((await call('POST', '/report/run', undefined, headers)).body).toEqual(run.body);
      await tell('report', `10:${minute}`, 'COMPLETED');
    }
    world.disposed = [];
    await untilRuns('report', ['10:18 submitted', '10:17 submitted']);
    expect((await api.request('GET', '/api/v1/jobs/report-20261129T101500000Z')).status).toBe(404);
    expect(await call('POST', '/report/resume')).toMatchObject({ status: 202, body: { suspended: false } });
    clock.set('2026-11-29T11:00:00Z');
    await untilRuns('report', ['11:00 submitted', '10:18 submitted', '10:17 submitted']);
    await call('DELETE', '/report');
    expect((await api.request('GET', '/api/v1/jobs/report-20261129T1100Z')).status).toBe(200);
  });

  it('whose job cannot be submitted say why, and go on', async () => {
    await api.request('POST', '/api/v1/sinks', { name: 'gone', type: 'fixture', config: { host: 'b' } });
    const stages = { ...template.stages, copy: { input: 'orders', sink: 'gone' } };
    await make('broken', { template: { stages } });
    await api.request('DELETE', '/api/v1/sinks/gone');
    clock.set('2026-11-29T12:00:00Z');
    await untilRuns('broken', ['12:00 refused']);
    const { body } = await call('GET', '/broken');
    expect(body).toMatchObject({ lastRun: { error: { code: 'pipeline.invalid' } } });
    expect(body.nextTicks[0]).toBe('2026-11-29T13:00:00.000Z');
  });
});
