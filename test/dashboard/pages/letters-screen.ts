import type { Locator, Page } from 'playwright-core';

/** The records that a job set aside. */
export class LettersScreen {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async open(job: string): Promise<void> {
    await this.#page.goto(`/ui/jobs/${job}?tab=dead-letters`);
    await this.#page.getByRole('table', { name: 'Groups' }).waitFor();
  }

  /** Opens a record by its id. */
  async record(id: string): Promise<Locator> {
    await this.#page.getByRole('button', { name: id, exact: true }).click();
    const drawer = this.#page.getByRole('dialog', { name: id });
    await drawer.getByText('The record').waitFor();
    return drawer;
  }

  /** Writes a column anew and saves. */
  async edit(drawer: Locator, column: string, value: string): Promise<void> {
    await drawer.getByRole('textbox', { name: column, exact: true }).fill(value);
    await this.#confirm(drawer, 'Save the edits');
    await drawer.getByText('as edited').waitFor();
  }

  async replay(drawer: Locator): Promise<void> {
    await this.#confirm(drawer, 'Replay it');
  }

  async #confirm(drawer: Locator, label: string): Promise<void> {
    await drawer.getByRole('button', { name: label }).click();
    const dialog = this.#page.getByRole('dialog', { name: label });
    await dialog.getByRole('button', { name: label }).click();
    await dialog.waitFor({ state: 'hidden' });
  }
}
