import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Catalog } from '@millrace/catalog';
import { FiguresBoard, figuresKey, MemberBoard, type MemberFacts, TapBoard } from '@millrace/cluster';
import { systemClock } from '@millrace/kernel';
import { Redis } from 'ioredis';
import { StreamSlots } from '../src/access/stream-slots.ts';
import { JobFeeds } from '../src/live/job/job-feeds.ts';
import { JOB_EVENTS } from '../src/live/job/job-live.schemas.ts';
import { Fleet } from '../src/live/overview/fleet.ts';
import { fleetChangesSchema, fleetEventSchema, overviewSchema } from '../src/live/overview/overview.schemas.ts';
import { Executions } from '../src/queue/executions.ts';
import { EventSource } from './event-source.ts';
import { fixtureConnectors } from './fixture-connectors.ts';
import { runningFigures } from './running-figures.ts';
import { startApi, type TestApi } from './start-api.ts';

const PASSWORD = 'planted-secret-42';
const WAIT_MS_MAX = 30_000;

let api: TestApi;
let redis: Redis;
let board: FiguresBoard;
let catalog: Catalog;

const NO_NEWS = { snapshots: [], point: undefined };

const submit = async (name: string, source = 'shop'): Promise<string> => {
  const stages = { orders: { source, tables: ['public.orders'] }, copy: { input: 'orders', sink: 'wh' } };
  return (await api.request('POST', '/api/v1/jobs', { name, stages })).body.id;
};

const until = async (what: string, holds: () => boolean): Promise<void> => {
  const deadline = systemClock.monotonicMs() + WAIT_MS_MAX;
  while (!holds()) {
    if (systemClock.monotonicMs() > deadline) throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}`);
    await systemClock.sleep(20);
  }
};

const member = (name: string, more: Partial<MemberFacts> = {}): MemberFacts => ({
  name,
  startedAt: 1_000,
  at: systemClock.nowMs(),
  threads: 2,
  jobs: [],
  heapUsedBytes: 1,
  heapMaxBytes: 2,
  rssBytes: 3,
  cpu: 0.5,
  eventLoopP50Ms: 0,
  eventLoopP99Ms: 1,
  version: '0.1.0',
  state: 'active',
  ...more,
});

beforeAll(async () => {
  api = await startApi(fixtureConnectors);
  redis = new Redis(api.redisUrl);
  board = new FiguresBoard(redis);
  catalog = api.app.get(Catalog);
  for (const [role, name] of [
    ['sources', 'shop'],
    ['sinks', 'wh'],
  ]) {
    const config = { host: 'a', password: PASSWORD };
    await api.request('POST', `/api/v1/${role}`, { name, type: 'fixture', config });
  }
});

afterAll(async () => {
  redis.disconnect();
  await api[Symbol.asyncDispose]();
});

describe('history, snapshots, executions', () => {
  it('of a job are what its members told', async () => {
    const id = await submit('told');
    const points = [10_000, 20_000].map((at) => ({
      at,
      inPerSecond: 5,
      outPerSecond: 4,
      lagMs: null,
      lagP99Ms: 30,
      lagBytes: null,
      queueFill: 0.5,
      blocked: 0,
      stateBytes: 7,
      snapshotMs: 8,
      snapshotBytes: 9,
    }));
    const { snapshot, ...figures } = runningFigures(id);
    for (const point of points) await board.tell({ ...figures, snapshot }, { snapshots: [snapshot!], point });
    expect((await api.request('GET', '/api/v1/jobs/told/history?metric=inPerSecond,lagMs')).body).toEqual({
      metrics: ['inPerSecond', 'lagMs'],
      stepMs: 10_000,
      points: [
        [10_000, 5, null],
        [20_000, 5, null],
      ],
    });
    expect((await api.request('GET', '/api/v1/jobs/told/history')).body.points[0]).toHaveLength(11);
    expect(await api.request('GET', '/api/v1/jobs/told/history?metric=speed')).toMatchObject({
      status: 400,
      body: { code: 'request.bad_parameter', parameter: 'metric', mend: expect.stringContaining('inPerSecond') },
    });
    expect((await api.request('GET', '/api/v1/jobs/told/snapshots')).body.items[0]).toMatchObject({
      id: 3,
      alignMs: 5,
      writeMs: 4,
      commitMs: 3,
      isRetained: false,
    });
  });

  it('of executions say who ran them and why they ended', async () => {
    const id = await submit('executed');
    const { executions, jobs } = catalog;
    const error = { code: 'x.away', domain: 'external', retry: 'later', title: 'Away', message: 'gone', mend: 'Wait.' };
    for (const [generation, name] of [
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
      [4, 'b'],
    ] as const) {
      await executions.began(id, generation, name);
      if (generation === 3) await executions.told(id, 3, 'NOT_RUNNING', error as never);
    }
    await executions.told(id, 4, 'RUNNING', undefined);
    const { items } = (await api.request('GET', '/api/v1/jobs/executed/executions')).body;
    expect(items.map(({ generation, member: by, end }: Record<string, unknown>) => [generation, by, end])).toEqual([
      [4, 'b', null],
      [3, 'b', 'failed'],
      [2, 'a', 'lost'],
      [1, 'a', 'restarted'],
    ]);
    expect(items[1].error).toMatchObject({ code: 'x.away', mend: 'Wait.' });
    expect((await executions.restarts()).get(id)).toBe(2);
    for (let generation = 5; generation < 160; generation++) await executions.began(id, generation, 'b');
    expect((await executions.list(id)).map((each) => each.generation).at(-1)).toBe(60);
    await jobs.get(id);
  });
});

describe('members', () => {
  it('are those with a lease; who went without a word is told for a while', async () => {
    const members = new MemberBoard(redis);
    await members.tell(member('here:1', { jobs: [{ id: 'x', name: 'copy' }] }));
    await members.tell(member('lost:2'));
    await redis.del('millrace:member:lost:2');
    await members.tell(member('left:3'));
    await members.leave('left:3');
    const { status, body } = await api.request('GET', '/api/v1/members');
    expect(status).toBe(200);
    const named = (items: readonly { name: string }[]) =>
      items.map(({ name }) => name).filter((name) => /:[123]$/.test(name));
    expect(named(body.items)).toEqual(['here:1']);
    expect(named(body.gone)).toEqual(['lost:2']);
    await members.leave('here:1');
    await members.leave('lost:2');
  });
});

describe('draining a member', () => {
  it('is refused for one that is not there and for the last one that takes jobs; it shows at once and can be undone', async () => {
    const members = new MemberBoard(redis);
    const drain = (name: string, method = 'POST') => api.request(method, `/api/v1/members/${name}/drain`);
    await members.tell(member('a:1'));
    expect(await drain('a:1')).toMatchObject({ status: 409, body: { code: 'member.last_active', mend: /SIGTERM/ } });
    await members.tell(member('b:2'));
    expect(await drain('c:3')).toMatchObject({ status: 404, body: { code: 'member.unknown' } });
    expect(await drain('a:1')).toMatchObject({ status: 202, body: { name: 'a:1', state: 'draining' } });
    expect(await drain('b:2')).toMatchObject({ status: 409, body: { code: 'member.last_active' } });
    // It hears with its next word, and tells when it has nothing left.
    expect(await members.tell(member('a:1'))).toBe(true);
    const states = async () =>
      (await api.request('GET', '/api/v1/members')).body.items.map(({ state }: { state: string }) => state);
    expect(await states()).toEqual(['draining', 'active']);
    await members.tell(member('a:1', { state: 'drained' }));
    expect(await states()).toEqual(['drained', 'active']);
    expect(await drain('a:1', 'DELETE')).toMatchObject({ status: 202, body: { state: 'active' } });
    expect(await members.tell(member('a:1'))).toBe(false);
    const { body } = await api.request('GET', '/api/v1/audit?action=member.undo_drain');
    expect(body.items[0]).toMatchObject({ target: 'member/a:1', outcome: 'done' });
    await members.leave('a:1');
    await members.leave('b:2');
  });
});

describe('the overview', () => {
  it('has problems first: since when, and what to do', async () => {
    const id = await submit('broken');
    const error = {
      code: 'x.broken',
      domain: 'user',
      retry: 'after-repair',
      title: 'T',
      message: 'broke',
      mend: 'Mend.',
    };
    await catalog.jobs.setStatus(id, 1, 'FAILED', { error: error as never });
    const late = await submit('late');
    const now = systemClock.nowMs();
    const lag = { of: 'sink', nowMs: 90_000, p50Ms: 80_000, p99Ms: 95_000, bytes: undefined } as const;
    const old = { ...runningFigures(late).snapshot!, takenAt: now - 600_000 };
    await catalog.jobs.setStatus(late, 1, 'RUNNING');
    const [source, sink] = runningFigures(late).vertices;
    const vertices = [source!, { ...sink!, custom: { circuitOpen: 1 } }];
    await board.tell(runningFigures(late, { lag, snapshot: old, vertices, at: now }), NO_NEWS);
    const { body } = await api.request('GET', '/api/v1/overview');
    expect(overviewSchema.parse(body)).toEqual(body);
    const ofJob = (job: string) => body.problems.filter(({ target }: { target: { id: string } }) => target.id === job);
    expect(ofJob(id)).toEqual([
      expect.objectContaining({
        code: 'job.failed',
        severity: 'error',
        message: expect.stringContaining('broke'),
        mend: expect.stringContaining('Mend.'),
        since: expect.stringMatching(/Z$/),
        target: { kind: 'job', id, name: 'broken' },
      }),
    ]);
    expect(
      ofJob(late)
        .map(({ code }: { code: string }) => code)
        .sort(),
    ).toEqual(['job.lag', 'snapshot.late', 'stage.circuit_open']);
    expect(ofJob(late).at(-1).message).toContain('"copy"');
    expect(body.problems[0].severity).toBe('error');
    expect(body.totals.byStatus).toMatchObject({ FAILED: 1 });
    expect(body.jobs.find((each: { id: string }) => each.id === late)).toMatchObject({
      lag: { nowMs: 90_000 },
      inPerSecond: 100,
    });
    expect(body.operations[0]).toMatchObject({ action: expect.any(String), outcome: 'done' });
    expect(JSON.stringify(body)).not.toContain(PASSWORD);
    await board.forget(late);
  });
});

describe('streams', () => {
  it('of the fleet give everything once and then what changes, and end with their viewer', async () => {
    const id = await submit('streamed');
    const fleet = api.app.get(Fleet);
    await using viewer = await EventSource.open(api, '/api/v1/events');
    expect(viewer.headers.get('content-type')).toContain('text/event-stream');
    expect(viewer.headers.get('x-content-type-options')).toBe('nosniff');
    const first = await viewer.next('fleet');
    expect(fleetEventSchema.parse(first)).toEqual(first);
    expect(first.jobs.map((each: { id: string }) => each.id)).toContain(id);
    await board.tell(runningFigures(id), NO_NEWS);
    for (;;) {
      const changes = await viewer.next('changes');
      expect(fleetChangesSchema.parse(changes)).toEqual(changes);
      const line = changes.changed.find((each: { id: string }) => each.id === id);
      if (line?.member === 'here:1') break;
    }
    await catalog.jobs.cancel(id);
    await catalog.jobs.delete(id);
    while (!(await viewer.next('changes')).removed.includes(id));
    expect(fleet.poll.hasListeners).toBe(true);
    await viewer[Symbol.asyncDispose]();
    await until(
      'nothing runs for a viewer who left',
      () => !fleet.poll.hasListeners && api.app.get(StreamSlots).open === 0,
    );
  });

  it('of a job tell its state, figures and snapshots, and are read once for all viewers', async () => {
    const id = await submit('watched');
    const feeds = api.app.get(JobFeeds);
    const viewers = await Promise.all([1, 2, 3].map(() => EventSource.open(api, '/api/v1/jobs/watched/events')));
    expect(feeds.count).toBe(1);
    const [one] = viewers;
    expect(await one!.next('job')).toMatchObject({ id, name: 'watched', desired: 'running' });
    await one!.next('nobody');
    const told = runningFigures(id, { at: 5_000 });
    await board.tell(told, NO_NEWS);
    for (const viewer of viewers) {
      expect(JOB_EVENTS.snapshot.parse(await viewer.next('snapshot'))).toMatchObject({ id: 3, alignMs: 5 });
      const figures = await viewer.next('figures');
      expect(JOB_EVENTS.figures.parse(figures)).toEqual(figures);
      expect(figures).toMatchObject({ jobId: id, flow: told.flow });
    }
    await redis.del(figuresKey(id));
    await one!.next('nobody');
    await catalog.jobs.setStatus(id, 1, 'FAILED');
    expect(await one!.next('job')).toMatchObject({ status: 'FAILED' });
    for (const viewer of viewers) await viewer[Symbol.asyncDispose]();
    await until('nothing runs for viewers who left', () => feeds.count === 0);
  });

  it('of a job that is not there are a problem document', async () => {
    expect(await api.request('GET', '/api/v1/jobs/nothing/events')).toMatchObject({
      status: 404,
      body: { code: 'job.unknown' },
    });
  });
});

describe('/metrics', () => {
  it('has the same figures as the streams', async () => {
    const id = await submit('measured');
    const figures = runningFigures(id);
    await catalog.jobs.setStatus(id, 1, 'RUNNING');
    await board.tell(figures, NO_NEWS);
    await new MemberBoard(redis).tell(member('scraped:1'));
    await using viewer = await EventSource.open(api, '/api/v1/jobs/measured/events');
    const streamed = await viewer.next('figures');
    const text = await (await fetch(`${await api.app.getUrl()}/metrics`)).text();
    const samples = new Map(
      text.split('\n').flatMap((line) => {
        const found = /^(\w+(?:\{.*\})?) (\S+)$/.exec(line);
        return found === null ? [] : [[found[1]!, Number(found[2])] as const];
      }),
    );
    const [source, sink] = streamed.vertices;
    const { flow, lag, snapshot, edges } = streamed;
    expect(samples.get('millrace_job_rows_in_total{job="measured"}')).toBe(flow.in);
    expect(samples.get('millrace_job_lag_seconds{job="measured",of="sink",quantile="0.99"}')).toBe(lag.p99Ms / 1_000);
    expect(samples.get('millrace_job_snapshot_bytes{job="measured"}')).toBe(snapshot.bytes);
    expect(samples.get('millrace_vertex_rows_out_total{job="measured",vertex="orders"}')).toBe(source.rowsOut);
    expect(samples.get('millrace_vertex_queue_fill_ratio{job="measured",vertex="copy"}')).toBe(sink.queueFill);
    const edge = 'millrace_edge_rows_total{job="measured",edge="0",from="orders",to="copy"}';
    expect(samples.get(edge)).toBe(edges[0].rows);
    expect(samples.get('millrace_job_running{job="measured"}')).toBe(1);
    expect(samples.get('millrace_member_threads{member="scraped:1"}')).toBe(2);
    expect(samples.has('millrace_vertex_queue_fill_ratio{job="measured",vertex="orders"}')).toBe(false);
    expect(text).not.toContain(PASSWORD);
    await new MemberBoard(redis).leave('scraped:1');
  });
});

describe('a live tail', () => {
  it('shows what the workers sample as long as somebody looks, and withdraws its wish then', async () => {
    const id = await submit('tailed');
    expect(await api.request('GET', '/api/v1/jobs/tailed/tail')).toMatchObject({
      status: 404,
      body: { code: 'job.no_figures' },
    });
    await board.tell(runningFigures(id, { jobName: 'tailed' }), NO_NEWS);
    expect(await api.request('GET', '/api/v1/jobs/tailed/tail?filter=after.id%20%3E')).toMatchObject({
      status: 422,
      body: { code: 'sql.syntax', pointer: '/filter' },
    });
    expect(await api.request('GET', '/api/v1/jobs/tailed/tail?vertex=nowhere')).toMatchObject({
      status: 400,
      body: { code: 'tail.no_such_edge', mend: expect.stringContaining('orders') },
    });
    const taps = new TapBoard(redis);
    const { samples } = api.app.get(Executions);
    await using viewer = await EventSource.open(api, '/api/v1/jobs/tailed/tail?vertex=copy&filter=after.id%20%3E%201');
    expect(await viewer.next('begun')).toMatchObject({ job: { id, name: 'tailed' }, edges: [{ edge: 0, to: 'copy' }] });
    let [wish] = await taps.wishes(id);
    while (wish === undefined) [wish] = await taps.wishes(id);
    expect(wish).toMatchObject({ edges: [0], filter: 'after.id > 1', rowsPerSecond: 50 });
    await taps.publish({ tap: wish.id, rows: [{ edge: 0, row: { id: 2 } }], passedOver: 7 });
    expect(await viewer.next('rows')).toEqual({ rows: [{ edge: 0, row: { id: 2 } }], passedOver: 7 });
    const before = wish.beat;
    while ((await taps.wishes(id))[0]!.beat === before) await systemClock.sleep(50);
    await taps.publish({ tap: wish.id, rows: [], passedOver: 0, error: 'no such column' });
    expect(await viewer.next('failed')).toEqual({ message: 'no such column' });
    await viewer.ended;
    await until('nobody listens', () => samples.count === 0);
    while ((await taps.wishes(id)).length > 0) await systemClock.sleep(20);
    await board.forget(id);
  });

  it('of a source is that of the busiest job that reads it', async () => {
    const config = { host: 'a', password: PASSWORD };
    await api.request('POST', '/api/v1/sources', { name: 'other', type: 'fixture', config });
    const quiet = await submit('quiet-other', 'other');
    await board.tell(runningFigures(quiet, { flow: { in: 0, out: 0, inPerSecond: 0, outPerSecond: 0 } }), NO_NEWS);
    const id = await submit('reads-other', 'other');
    await board.tell(runningFigures(id), NO_NEWS);
    await using viewer = await EventSource.open(api, '/api/v1/sources/other/tail');
    expect(await viewer.next('begun')).toMatchObject({ job: { id }, edges: [{ from: 'orders' }] });
    await board.forget(quiet);
    await board.forget(id);
  });
});
