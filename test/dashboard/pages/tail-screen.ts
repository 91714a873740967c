import { systemClock } from '@millrace/kernel';
import type { Locator, Page } from 'playwright-core';

const WRITE_MS = 250;

/** Rows of a source, or of a vertex or edge of a job, as they go by. */
export class TailScreen {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Those of a job's sources. */
  async open(job: string): Promise<void> {
    await this.#page.goto(`/ui/jobs/${job}?tab=rows`);
    await this.isWatching();
  }

  async openSource(source: string): Promise<void> {
    await this.#page.goto(`/ui/sources/${source}`);
    await this.#page.getByRole('button', { name: 'Watch rows' }).click();
    await this.isWatching();
  }

  /** Has rows written until one with this text is seen: workers look at what comes after they were asked, and nobody says when that is. */
  async seeWhile(write: () => Promise<void>, text: string | RegExp): Promise<Locator> {
    const row = this.rows().filter({ hasText: text }).first();
    const seen = row.waitFor();
    let isSeen = false;
    const watched = seen.finally(() => {
      isSeen = true;
    });
    while (!isSeen) {
      await write();
      await Promise.race([watched, systemClock.sleep(WRITE_MS)]);
    }
    await watched;
    return row;
  }

  rows(): Locator {
    return this.#page.getByTestId('tail-rows').getByRole('listitem');
  }

  async filter(text: string): Promise<void> {
    await this.#page.getByLabel('Only rows where').fill(text);
  }

  /** A tail that is refused says why on the page. */
  async isWatching(): Promise<void> {
    const main = this.#page.getByRole('main');
    await main
      .getByText('Watching', { exact: true })
      .waitFor()
      .catch(async (error: Error) => {
        throw new Error(`${error.message}\nThe page says: ${await main.textContent()}`);
      });
  }

  async press(name: string): Promise<void> {
    await this.#page.getByRole('button', { name, exact: true }).click();
  }
}
