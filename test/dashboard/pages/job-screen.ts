import type { Page } from 'playwright-core';

/** The screen of one job. */
export class JobScreen {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async open(name: string): Promise<void> {
    await this.#page.goto(`/ui/jobs/${name}`);
    await this.#page.getByRole('heading', { level: 1, name }).waitFor();
  }

  /** Resolves when the job is shown in this state. */
  async isShown(state: string): Promise<void> {
    await this.#page
      .getByTestId('job-state')
      .filter({ hasText: new RegExp(`^${state}$`) })
      .waitFor();
  }

  /** Resolves when the head says which execution runs. */
  async executionIsShown(number: number): Promise<void> {
    await this.#page.getByText(`execution ${number}`).first().waitFor();
  }

  /** Presses a button, reads the call in the confirmation, and confirms. */
  async command(label: string): Promise<{ readonly curl: string }> {
    await this.#page.getByRole('main').getByRole('button', { name: label, exact: true }).click();
    const dialog = this.#page.getByRole('dialog', { name: label });
    const curl = (await dialog.locator('pre').textContent()) ?? '';
    await dialog.getByRole('button', { name: label, exact: true }).click();
    await dialog.waitFor({ state: 'hidden' });
    return { curl };
  }

  async tab(name: string): Promise<void> {
    await this.#page.getByRole('tab', { name: new RegExp(`^${name}`) }).click();
  }

  /** Opens the drawer of a vertex from the graph or the list; resolves when it says this. */
  async vertexSays(name: string, text: string | RegExp): Promise<void> {
    await this.#page
      .getByRole('main')
      .getByRole('button', { name: new RegExp(`^${name}\\b`) })
      .click();
    const drawer = this.#page.getByRole('dialog', { name });
    await drawer.getByText(text).first().waitFor();
    await drawer.getByRole('button', { name: 'Close' }).click();
    await drawer.waitFor({ state: 'hidden' });
  }
}
