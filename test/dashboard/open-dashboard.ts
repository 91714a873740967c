import { systemClock } from '@millrace/kernel';
import { openBrowser } from '@millrace/testing/browser';
import type { Page } from 'playwright-core';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';

/** A journey waits this long for what the servers do; it is used up only when something is wrong. */
const WAIT_MS_MAX = 45_000;
const POLL_MS = 100;

export interface Dashboard extends AsyncDisposable {
  readonly platform: Platform;
  readonly page: Page;
  /** What the browser complained of: errors of scripts, and what the page's policy refused. */
  readonly complaints: string[];
  /** Runs statements at the source. */
  readonly source: (...statements: string[]) => Promise<void>;
  /** Resolves when a query at the target has these rows; fails with the rows it has. */
  readonly targetBecomes: (query: string, rows: readonly object[]) => Promise<void>;
}

/** The demo's servers and a browser at its dashboard. */
export async function openDashboard(): Promise<Dashboard> {
  const stack = new AsyncDisposableStack();
  try {
    const platform = stack.use(await startPlatform({ workers: 1, show: () => {} }));
    const browser = await openBrowser();
    stack.defer(() => browser.close());
    const context = await browser.newContext({ baseURL: platform.apiUrl, viewport: { width: 1_280, height: 900 } });
    context.setDefaultTimeout(WAIT_MS_MAX);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        complaints.push(message.text());
    });
    const [source, target] = await Promise.all([platform.source.connect(), platform.target.connect()]);
    stack.defer(async () => void (await Promise.all([source.end(), target.end()])));
    const owned = stack.move();
    return {
      platform,
      page,
      complaints,
      source: async (...statements) => {
        for (const statement of statements) await source.query(statement);
      },
      targetBecomes: async (query, rows) => {
        const deadline = systemClock.monotonicMs() + WAIT_MS_MAX;
        const wanted = JSON.stringify(rows);
        for (let found = ''; ; ) {
          // The sink makes its table when the job starts.
          found = await target.query(query).then(
            ({ rows: got }) => JSON.stringify(got),
            (error: Error) => error.message,
          );
          if (found === wanted) return;
          if (systemClock.monotonicMs() > deadline) throw new Error(`${query} gives ${found}, not ${wanted}`);
          await systemClock.sleep(POLL_MS);
        }
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Resolves when the page has its heading and nothing on it is still being read for the first time. */
export async function isDrawn(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'hidden' });
}
