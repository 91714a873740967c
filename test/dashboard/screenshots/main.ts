/**
 * Photographs every screen of the dashboard on the demo's servers with real data: `npm run -s screenshots` writes the pictures of the guide into
 * `docs/pictures`; `-- --all FOLDER` writes every screen in light, in dark and at the width of a phone, to be looked at; `--only PATTERN` those whose name matches.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '@millrace/kernel';
import type { Page } from 'playwright-core';
import { isDrawn, openDashboard } from '../open-dashboard.ts';
import { setScene } from './scene.ts';

const PICTURES = 'docs/pictures';
const DESK = { width: 1_280, height: 860 };
const PHONE = { width: 390, height: 844 };
/** Charts, graphs and figures have come by then. */
const DRAWN_MS = 1_500;

interface Screen {
  readonly name: string;
  readonly path: string;
  /** What is opened before the picture is taken. */
  readonly before?: (page: Page) => Promise<void>;
  /** Until there is something to see, when that takes longer than drawing. */
  readonly waitMs?: number;
}

const opens =
  (role: 'button' | 'link', name: string | RegExp) =>
  async (page: Page): Promise<void> =>
    page.getByRole('main').getByRole(role, { name }).first().click();

async function watchSource(page: Page): Promise<void> {
  await opens('button', 'Watch rows')(page);
  const rows = page.getByTestId('tail-rows');
  // Pointed at, they stand still.
  await rows.hover();
  await rows.getByRole('button').nth(1).click();
}

async function saveSource(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: 'user' }).fill('millrace');
  await page.getByRole('textbox', { name: 'password' }).fill('not to be seen');
  await opens('button', 'Save')(page);
}

const SCREENS: readonly Screen[] = [
  { name: 'overview', path: '' },
  {
    name: 'overview-below',
    path: '',
    waitMs: 4_000,
    before: (page) => page.getByRole('heading', { name: 'What was done last' }).scrollIntoViewIfNeeded(),
  },
  { name: 'jobs', path: 'jobs' },
  { name: 'job-graph', path: 'jobs/revenue-per-minute' },
  { name: 'job-vertex', path: 'jobs/revenue-per-minute', before: opens('button', /^per_minute/) },
  { name: 'job-list', path: 'jobs/revenue-per-minute?tab=list' },
  { name: 'job-rows', path: 'jobs/shop-to-warehouse?tab=rows', waitMs: 4_000 },
  {
    name: 'job-vertex-rows',
    path: 'jobs/revenue-per-minute',
    waitMs: 4_000,
    before: async (page) => {
      await opens('button', /^orders/)(page);
      await page.getByRole('tab', { name: 'Sample rows' }).click();
    },
  },
  { name: 'job-tables', path: 'jobs/shop-to-warehouse?tab=tables' },
  { name: 'job-charts', path: 'jobs/shop-to-warehouse?tab=charts' },
  { name: 'job-snapshots', path: 'jobs/shop-to-warehouse?tab=snapshots' },
  { name: 'job-executions', path: 'jobs/shop-to-warehouse?tab=executions' },
  { name: 'job-failed', path: 'jobs/meter-readings-strict' },
  { name: 'job-confirm', path: 'jobs/shop-to-warehouse', before: opens('button', 'Suspend') },
  { name: 'new-job', path: 'new-job' },
  { name: 'sources', path: 'sources' },
  { name: 'source', path: 'sources/shop' },
  { name: 'source-rows', path: 'sources/shop', waitMs: 4_000, before: watchSource },
  { name: 'source-edit', path: 'sources/shop/edit' },
  { name: 'source-save', path: 'sources/shop/edit', before: saveSource },
  { name: 'new-source', path: 'new-source' },
  { name: 'sinks', path: 'sinks' },
  { name: 'sink', path: 'sinks/warehouse' },
  { name: 'new-sink', path: 'new-sink' },
  { name: 'dead-letters', path: 'dead-letters' },
  { name: 'job-dead-letters', path: 'jobs/meter-readings?tab=dead-letters' },
  { name: 'dead-letter', path: 'jobs/meter-readings?tab=dead-letters', before: opens('button', /^parsed\.\d+$/) },
  { name: 'members', path: 'members' },
  { name: 'access', path: 'access' },
  { name: 'audit', path: 'audit' },
];

/** Those that the guide shows. */
const IN_GUIDE = new Set([
  'overview',
  'job-graph',
  'job-vertex',
  'job-charts',
  'job-rows',
  'job-confirm',
  'new-job',
  'source',
  'dead-letter',
  'access',
]);

async function photograph(page: Page, { path, before, waitMs = DRAWN_MS }: Screen, file: string): Promise<void> {
  await page.goto(`/ui/${path}`);
  await isDrawn(page);
  await before?.(page);
  await systemClock.sleep(waitMs);
  await page.screenshot({ path: file });
}

const { values } = parseArgs({ options: { all: { type: 'string' }, only: { type: 'string', default: '' } } });
const folder = values.all ?? PICTURES;
mkdirSync(folder, { recursive: true });
await using dashboard = await openDashboard();
const { page } = dashboard;
await using _scene = await setScene(dashboard);
const forms =
  values.all === undefined
    ? [{ suffix: '', viewport: DESK, colorScheme: 'light' as const }]
    : [
        { suffix: '-light', viewport: DESK, colorScheme: 'light' as const },
        { suffix: '-dark', viewport: DESK, colorScheme: 'dark' as const },
        { suffix: '-phone', viewport: PHONE, colorScheme: 'light' as const },
      ];
for (const { suffix, viewport, colorScheme } of forms) {
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  for (const screen of SCREENS) {
    if ((values.all === undefined && !IN_GUIDE.has(screen.name)) || !new RegExp(values.only).test(screen.name))
      continue;
    await photograph(page, screen, join(folder, `${screen.name}${suffix}.png`));
  }
}
