import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectionOptions } from '../../apps/cli/src/demo/shop-job.ts';
import { graveFindings } from './axe.ts';
import { type Dashboard, isDrawn, openDashboard } from './open-dashboard.ts';
import { AccessScreen } from './pages/access-screen.ts';
import { ChangeScreen } from './pages/change-screen.ts';
import { JobScreen } from './pages/job-screen.ts';
import { LettersScreen } from './pages/letters-screen.ts';

const JOB = 'orders-to-warehouse';
const LENIENT = 'numbers-to-warehouse';

let dashboard: Dashboard;

beforeAll(async () => {
  dashboard = await openDashboard();
  const { platform, source } = dashboard;
  await source(
    'create table orders (id int primary key, product text, total numeric(12,2) not null)',
    "insert into orders select i, 'product ' || i, i from generate_series(1, 200) i",
  );
  const { rest } = platform;
  await rest.post('sources', { name: 'shop', type: 'postgres', config: connectionOptions(platform.source.connection) });
  await rest.post('sinks', { name: 'warehouse', type: 'jdbc', config: connectionOptions(platform.target.connection) });
  await rest.post('jobs', {
    name: JOB,
    stages: {
      orders: { source: 'shop', tables: ['public.orders'] },
      dear: { input: 'orders', filter: 'after.total > 10' },
      copy: { input: 'dear', sink: 'warehouse', mode: 'upsert' },
    },
  });
}, 120_000);

afterAll(async () => {
  await dashboard?.[Symbol.asyncDispose]();
});

it('leads from the overview to a running job, its graph, and the same as a list', async () => {
  const { page } = dashboard;
  await page.goto('/ui/');
  await page.getByRole('table', { name: 'Log that sources keep' }).getByRole('link', { name: 'shop' }).waitFor();
  await page.getByRole('table', { name: 'Jobs' }).getByRole('link', { name: JOB }).click();
  const job = new JobScreen(page);
  await job.isShown('Running');
  await job.vertexSays('copy', 'Waits for room');
  await job.tab('List');
  await job.vertexSays('orders', 'Instances');
});

it('suspends and resumes a job, each after saying what it does and with which call', async () => {
  const { page, source, targetBecomes } = dashboard;
  const job = new JobScreen(page);
  await job.open(JOB);
  await job.isShown('Running');
  const { curl } = await job.command('Suspend');
  expect(curl).toContain(`curl -X POST ${dashboard.platform.apiUrl}/api/v1/jobs/${JOB}/suspend`);
  await job.isShown('Suspended');
  await source("insert into orders values (1001, 'while it slept', 99)");
  await job.command('Resume');
  await job.isShown('Running');
  await job.executionIsShown(2);
  await targetBecomes('select count(*)::int as n from orders', [{ n: 191 }]);
}, 90_000);

it('changes a sink, keeps the secret nobody typed, and restarts the job that runs with it', async () => {
  const { page, platform } = dashboard;
  await platform.rest.patch('sinks/warehouse', { config: { password: 'planted-secret' } });
  const form = new ChangeScreen(page);
  await form.open('sinks', 'warehouse');
  expect(await form.value('password')).toBe('');
  expect(await form.value('host')).toBe(platform.target.connection.host);
  await form.fill('host', 'localhost');
  expect(await graveFindings(page)).toEqual([]);
  const said = await form.save();
  expect(said).toContain(`${platform.target.connection.host} → localhost`);
  expect(said).toContain(`${JOB} goes on with the options of before until restarted`);
  expect(said).toMatch(/curl -X PATCH.*if-match: "2".*\{"config":\{"host":"localhost"\}\}/s);
  const uses = page.getByRole('region', { name: 'Jobs that use it' });
  await uses.getByText('with the options of before').waitFor();
  await uses.getByRole('button', { name: 'Restart' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
  await uses.getByText('with the options of before').waitFor({ state: 'hidden' });
  expect(await page.content()).not.toContain('planted-secret');
  expect(await platform.rest.get('sinks/warehouse')).toMatchObject({
    config: { host: 'localhost', password: '********' },
    version: 3,
  });
  await form.open('sinks', 'warehouse');
  await form.fill('password', 'another-secret');
  expect(await form.save()).not.toContain('another-secret');
}, 90_000);

it('shows the recovery after the worker was killed', async () => {
  const { page, platform, source, targetBecomes } = dashboard;
  const job = new JobScreen(page);
  await job.open(JOB);
  await job.isShown('Running');
  const [worker] = platform.workers;
  await worker!.kill();
  await source("insert into orders values (1002, 'while it was dead', 98)");
  await worker!.start();
  await job.executionIsShown(4);
  await job.isShown('Running');
  await targetBecomes('select count(*)::int as n from orders', [{ n: 192 }]);
}, 90_000);

it('loads a table again after rows were deleted at the target', async () => {
  const { page, platform, targetBecomes } = dashboard;
  const target = await platform.target.connect();
  await target.query('delete from orders where total > 50');
  await target.end();
  const job = new JobScreen(page);
  await job.open(JOB);
  await job.tab('Tables');
  const { curl } = await job.command('Load again');
  expect(curl).toContain(`/api/v1/jobs/${JOB}/loads`);
  await targetBecomes('select count(*)::int as n from orders', [{ n: 192 }]);
  await page.getByRole('row').filter({ hasText: 'public.orders' }).getByText('streaming').waitFor();
}, 90_000);

it('runs a schedule now, shows what the run has done, and suspends it', async () => {
  const { page, platform } = dashboard;
  const config = connectionOptions(platform.source.connection);
  await platform.rest.post('sources', { name: 'tables', type: 'jdbc', config });
  await platform.rest.post('schedules', {
    name: 'nightly',
    cron: '0 2 * * *',
    timeZone: 'Europe/Berlin',
    template: {
      stages: {
        dear: {
          source: 'tables',
          table: 'public.dear',
          query: 'select id, total from orders where total > 190',
          key: ['id'],
        },
        report: { input: 'dear', sink: 'warehouse', mode: 'append', changeColumns: false },
      },
    },
  });
  await page.goto('/ui/schedules');
  const row = page.getByRole('row').filter({ hasText: 'nightly' });
  await row.getByRole('button', { name: 'Run now' }).click();
  await page.getByRole('dialog', { name: 'Run now' }).getByRole('button', { name: 'Run now' }).click();
  await row.getByText('Completed').waitFor();
  expect(await graveFindings(page)).toEqual([]);
  await row.getByRole('button', { name: 'Suspend' }).click();
  await page.getByRole('dialog', { name: 'Suspend' }).getByRole('button', { name: 'Suspend' }).click();
  await row.getByRole('button', { name: 'Resume' }).waitFor();
  await row.getByRole('link', { name: 'its job' }).click();
  const rows = page.getByRole('region', { name: 'Rows of the whole run' });
  await rows.getByRole('row', { name: 'report 10 0 0 0 0' }).waitFor();
  expect(await graveFindings(page)).toEqual([]);
}, 90_000);

it('says why the only worker is not drained', async () => {
  const { page } = dashboard;
  await page.goto('/ui/members');
  await page.getByRole('button', { name: 'Drain' }).click();
  const dialog = page.getByRole('dialog', { name: 'Drain' });
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await dialog.getByRole('alert').getByText('member.last_active').waitFor();
  expect(await graveFindings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Not now' }).click();
}, 60_000);

it('repairs a record that a stage set aside, and replays it', async () => {
  const { page, platform, source, targetBecomes } = dashboard;
  await source('create table notes (id int primary key, product text)');
  await platform.rest.post('jobs', {
    name: LENIENT,
    stages: {
      notes: { source: 'shop', tables: ['public.notes'] },
      parsed: {
        input: 'notes',
        select: { id: 'after.id', total: 'after.product::int' },
        onError: 'dead-letter',
      },
      numbers: { input: 'parsed', sink: 'warehouse', table: 'numbers', mode: 'upsert' },
    },
  });
  await source("insert into notes values (2001, 'twelve'), (2002, '13')");
  const letters = new LettersScreen(page);
  await page.goto('/ui/');
  await page.getByRole('link', { name: `the dead letters of ${LENIENT}` }).click();
  await targetBecomes('select id, total from numbers where id > 2000', [{ id: 2002, total: 13 }]);
  const record = await letters.record('parsed.1');
  await letters.edit(record, 'product', '12');
  await letters.replay(record);
  await targetBecomes('select id, total from numbers where id > 2000 order by id', [
    { id: 2001, total: 12 },
    { id: 2002, total: 13 },
  ]);
}, 90_000);

it.each([
  '/ui/',
  '/ui/jobs',
  `/ui/jobs/${JOB}`,
  `/ui/jobs/${JOB}?tab=list`,
  `/ui/jobs/${JOB}?tab=document`,
  '/ui/sources',
  '/ui/sources/shop',
  '/ui/sources/shop/edit',
  '/ui/sinks',
  '/ui/sinks/warehouse',
  '/ui/dead-letters',
  `/ui/jobs/${LENIENT}?tab=dead-letters`,
  '/ui/access',
  '/ui/audit',
  '/ui/nowhere',
])('has nothing grave for axe on %s', async (path) => {
  const { page } = dashboard;
  await page.goto(path);
  await isDrawn(page);
  expect(await graveFindings(page)).toEqual([]);
});

it('makes the first key, after which nobody gets in without one', async () => {
  const { page } = dashboard;
  const access = new AccessScreen(page);
  await access.open();
  const admin = await access.makeFirstKey();
  const viewer = await access.makeKey('night-watch', 'viewer');
  expect(await graveFindings(page)).toEqual([]);
  await access.logOut();
  expect(await graveFindings(page)).toEqual([]);
  await access.logIn('mk_wrong');
  await page.getByRole('alert').waitFor();
  await access.logIn(viewer);
  await page.getByRole('heading', { level: 1, name: 'Access' }).waitFor();
  const job = new JobScreen(page);
  await job.open(JOB);
  await job.isShown('Running');
  expect(await page.getByRole('button', { name: 'Suspend' }).isDisabled()).toBe(true);
  await job.vertexSays('copy', 'Waits for room');
  await access.open();
  await access.logOut();
  await access.logIn(admin);
  await page.getByRole('table', { name: 'Keys' }).getByText('night-watch').waitFor();
}, 90_000);

it('works without a complaint of the browser', () => {
  expect(dashboard.complaints).toEqual([]);
});
