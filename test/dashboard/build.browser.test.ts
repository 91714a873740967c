import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { graveFindings } from './axe.ts';
import { type Dashboard, isDrawn, openDashboard } from './open-dashboard.ts';
import { EditorScreen } from './pages/editor-screen.ts';
import { JobScreen } from './pages/job-screen.ts';
import { RegisterScreen } from './pages/register-screen.ts';
import { TailScreen } from './pages/tail-screen.ts';

const PIPELINE = `name: per-minute
snapshotInterval: 500ms
stages:
  sales:
    source: shop
    tables: [public.sales]
  new:
    input: sales
    filter: event.op IN ('c', 'r') AND after.pieces > 0
  per_minute:
    input: new
    window: { tumbling: 1m, timestamp: after.sold_at, lag: 1s }
    groupBy: [after.product]
    aggregate: { pieces: sum(after.pieces) }
  top:
    input: per_minute
    sink: warehouse
    table: top_products
    mode: upsert
`;

let dashboard: Dashboard;

beforeAll(async () => {
  dashboard = await openDashboard();
  await dashboard.source(
    'create table sales (id int primary key, product text not null, pieces int not null, sold_at timestamptz not null)',
    'create table keyless (note text)',
  );
}, 120_000);

afterAll(async () => {
  await dashboard?.[Symbol.asyncDispose]();
});

it('says where the overview is empty what to do first', async () => {
  const { page } = dashboard;
  await page.goto('/ui/');
  await page.getByRole('heading', { name: 'Nothing runs yet' }).waitFor();
  expect(await graveFindings(page)).toEqual([]);
});

it('registers a source from its URL, with what it needs and its tables', async () => {
  const { page, platform } = dashboard;
  const wizard = new RegisterScreen(page, 'source');
  await wizard.open();
  await wizard.paste('postgres://nobody:wrong@127.0.0.1:1/none');
  expect(await wizard.value('database')).toBe('none');
  await wizard.look();
  await page.getByText('Something is missing').waitFor();
  const { host, port, database, user } = platform.source.connection;
  await wizard.paste(`postgres://${user}:s3cret-never-shown@${host}:${port}/${database}`);
  await wizard.look();
  await wizard.choose('public.sales');
  expect(await page.getByRole('row').filter({ hasText: 'public.keyless' }).textContent()).toContain('none');
  expect(await graveFindings(page)).toEqual([]);
  const curl = await wizard.register('shop');
  expect(curl).toContain('********');
  expect(curl).not.toContain('s3cret-never-shown');
  await page.getByRole('heading', { name: 'The source "shop" is registered' }).waitFor();
  await page.getByRole('tab', { name: 'TypeScript' }).click();
  expect(await page.getByRole('tabpanel').textContent()).toContain('createClient');
}, 120_000);

it('registers a sink from the fields of its type', async () => {
  const { page, platform } = dashboard;
  const wizard = new RegisterScreen(page, 'sink');
  const { host, port, database, user } = platform.target.connection;
  await wizard.open();
  await wizard.type('jdbc');
  await wizard.fill('host', host);
  await wizard.fill('port', String(port));
  await wizard.fill('database', database);
  await wizard.fill('user', user);
  await wizard.look();
  expect(await graveFindings(page)).toEqual([]);
  await wizard.register('warehouse');
  await page.getByRole('heading', { level: 1, name: 'warehouse' }).waitFor();
}, 120_000);

it('checks a job while it is typed, and makes it: a filter and a window', async () => {
  const { page } = dashboard;
  const editor = new EditorScreen(page);
  await editor.open();
  expect(await editor.text()).toContain('source: shop');
  await editor.write('name: [');
  await editor.says('line 1');
  await editor.write(PIPELINE.replace('input: per_minute', 'input: per_minuet'));
  await editor.says(/line 16.*"per_minuet"/);
  await editor.write(PIPELINE.replace('after.pieces > 0', 'after.pieces >'));
  await editor.says('line 9');
  await editor.write(PIPELINE);
  await editor.isGood();
  expect(await graveFindings(page)).toEqual([]);
  await editor.create();
  const job = new JobScreen(page);
  await job.isShown('Running');
}, 120_000);

it('shows the rows as they go through it', async () => {
  const { page, source, targetBecomes } = dashboard;
  await source(
    "insert into sales select i, 'mill', 2, '2026-01-01T10:00:00Z'::timestamptz from generate_series(1, 50) i",
    "insert into sales values (100, 'wheel', 0, '2026-01-01T10:00:01Z'), (101, 'race', 1, '2026-01-01T10:05:00Z')",
  );
  await targetBecomes('select product, pieces::int as pieces from top_products', [{ product: 'mill', pieces: 100 }]);
  await page.getByRole('tab', { name: 'Tables' }).click();
  await page.getByRole('row').filter({ hasText: 'public.sales' }).getByText('streaming').waitFor();
  await page.getByRole('tab', { name: 'List' }).click();
  await new JobScreen(page).vertexSays('sales', /5\d in all/);
}, 90_000);

it('watches rows as they go by, with a filter, and holds them', async () => {
  const { page, source } = dashboard;
  let id = 1_000;
  const write = (): Promise<void> => {
    id += 2;
    return source(`insert into sales values (${id}, 'odd', 0, now()), (${id + 1}, 'watched', 0, now())`);
  };
  const tail = new TailScreen(page);
  await tail.open('per-minute');
  const row = await tail.seeWhile(write, 'watched');
  await tail.filter('after.product >');
  await page.getByText('syntax error').first().waitFor();
  await tail.filter("after.product = 'watched'");
  await tail.seeWhile(write, 'watched');
  expect(await tail.rows().filter({ hasText: 'odd' }).count()).toBe(0);
  await tail.press('Clear');
  await tail.isWatching();
  await tail.seeWhile(write, 'watched');
  await tail.press('Hold');
  await page.getByText('Held').waitFor();
  await row.getByRole('button').click();
  expect(JSON.parse((await row.locator('pre').textContent())!)).toMatchObject({
    op: 'c',
    table: 'public.sales',
    after: { product: 'watched' },
  });
  expect(await graveFindings(page)).toEqual([]);
}, 90_000);

it('watches rows of a source, and of a vertex beside its graph', async () => {
  const { page, source } = dashboard;
  let id = 5_000;
  const write = (): Promise<void> => source(`insert into sales values (${id++}, 'again', 0, now())`);
  const tail = new TailScreen(page);
  await tail.openSource('shop');
  await tail.seeWhile(write, 'again');
  await new JobScreen(page).open('per-minute');
  await page
    .getByRole('main')
    .getByRole('button', { name: /^sales/ })
    .click();
  await page.getByRole('tab', { name: 'Sample rows' }).click();
  await tail.seeWhile(write, 'again');
  expect(await graveFindings(page)).toEqual([]);
}, 90_000);

it.each(['tables', 'charts', 'snapshots', 'executions'])(
  'has nothing grave for axe on a job at %s',
  async (tab) => {
    const { page } = dashboard;
    await page.goto(`/ui/jobs/per-minute?tab=${tab}`);
    await isDrawn(page);
    expect(await graveFindings(page)).toEqual([]);
  },
  60_000,
);

it('holds still while it is frozen', async () => {
  const { page } = dashboard;
  await page.goto('/ui/members');
  await isDrawn(page);
  await page.getByRole('button', { name: 'Freeze' }).click();
  const frozen = await page.getByRole('main').textContent();
  await page.getByRole('button', { name: /Frozen at/ }).waitFor();
  expect(await page.getByRole('main').textContent()).toBe(frozen);
  expect(await graveFindings(page)).toEqual([]);
}, 60_000);

it('is used by keyboard: the first stop leads to the content', async () => {
  const { page } = dashboard;
  await page.goto('/ui/jobs');
  await isDrawn(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.querySelector("main").contains(document.activeElement)')).toBe(true);
}, 60_000);

it('works without a complaint of the browser', () => {
  expect(dashboard.complaints).toEqual([]);
});
